"""How good explanations, detectors and ranking are, measured against labels: what is known to be true of events."""
