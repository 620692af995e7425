"""Batch scoring: a whole table through a version, in parts, resumable, one output row for each input row."""
