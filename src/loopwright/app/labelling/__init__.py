"""Which requests people should label, how these leave and come back, and how they become training rows."""
