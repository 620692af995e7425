"""Releases: which arm answers, when a breaker stops it, and how evidence moves its share. Pure, all of it."""
