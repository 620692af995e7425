"""What upstreams charge for tokens: a dated table with sources, and a home's own prices over it."""
