"""An invented force that writes real log formats, for the demo, tests and benchmarks."""
