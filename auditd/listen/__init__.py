"""Input over the network: syslog messages to files the tailer reads. It must never parse, judge, or touch the database."""
