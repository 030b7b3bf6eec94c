"""Detectors: frames of events and reference data in, findings out. Never reads a clock, a file or a socket."""
