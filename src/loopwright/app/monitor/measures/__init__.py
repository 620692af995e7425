"""One file each: ways to read a figure of each period from what is kept anyway. Nothing is written on the hot path."""
