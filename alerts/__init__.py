"""Alerts: findings gathered for people, their life cycle, and the authorities that permit them."""
