"""Does the world still look as it did, and are the answers still good? Rules, references, windows, incidents."""
