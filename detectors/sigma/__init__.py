"""Sigma rules as detectors: compiled once to polars expressions over our schema, judged like every other detector."""
