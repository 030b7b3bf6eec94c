"""The process around the pure parts: everything that touches the machine."""
