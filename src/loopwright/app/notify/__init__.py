"""Telling people of incidents: what is said, over which channels, and when it is tried again."""
