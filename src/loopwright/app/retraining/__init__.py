"""Continuous training: what sets a retrain off, what holds it back, how it runs, and what became of it."""
