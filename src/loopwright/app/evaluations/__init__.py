"""Evaluations as journeys: found in a project, planned, run, kept, reported."""
