"""Answers that are given again: to the very same request, and, where it was measured, to one that asks the same."""
