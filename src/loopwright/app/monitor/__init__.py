"""Watching what serves: what is looked at when, which judge answers for which rule, and what becomes of a finding."""
