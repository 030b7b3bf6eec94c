"""Tailing: growing, rotating files to blocks of complete lines."""
