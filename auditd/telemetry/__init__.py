"""What the process says of itself: metrics, health and its own log. It must never carry personal data."""
