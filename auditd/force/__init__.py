"""An invented force: who works there, what happens day by day, and its logs, feeds and labels, for demo, tests and benchmarks."""
