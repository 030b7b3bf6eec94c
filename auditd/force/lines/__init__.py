"""Lines of real log formats: one file a format, each turning what happened into what that system would have written."""
