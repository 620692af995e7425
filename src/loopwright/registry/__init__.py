"""Model versions: what they are made of, what was said about them, and which one a name points at."""
