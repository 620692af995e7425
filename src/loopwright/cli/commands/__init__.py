"""One file a command: parse, one call into `app`, render."""
