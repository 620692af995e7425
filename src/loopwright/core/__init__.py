"""Pure values that every other layer speaks: no files, no sockets, no clock of its own."""
