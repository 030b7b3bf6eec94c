"""Log formats: bytes of complete lines in, typed event frames out. Never reads a clock, a file or a socket."""
