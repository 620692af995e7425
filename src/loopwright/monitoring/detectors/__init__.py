"""One file each: ways to decide from windows whether the distributions have moved."""
