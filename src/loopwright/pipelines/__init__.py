"""Steps, graphs, fingerprints, plans and runners. Knows names and digests, not datasets; imports no numeric library."""
