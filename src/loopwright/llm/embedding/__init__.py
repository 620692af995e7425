"""Embedders: texts to vectors, with nothing installed, by a small model on this machine, or by an upstream."""
