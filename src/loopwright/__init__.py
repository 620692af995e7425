"""Loopwright: the whole machine-learning loop in one Python file."""
