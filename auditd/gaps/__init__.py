"""Gaps: what is not known, as facts. Silences, missing files, losses, stops and files that changed under us."""
