"""The engine: ingest, judge, replay."""
