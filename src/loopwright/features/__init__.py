"""Feature views: one definition, computed point-in-time over history and from recent rows while serving."""
