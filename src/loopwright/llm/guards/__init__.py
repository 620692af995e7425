"""Guards: detectors of what should not go into an application or come out of it, and what is done about it."""
