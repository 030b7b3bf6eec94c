"""Health of the reference feeds, as facts: what was delivered when, what was refused, whom nobody knows."""
