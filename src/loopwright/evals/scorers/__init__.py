"""Scorers that compute: no model is asked."""
