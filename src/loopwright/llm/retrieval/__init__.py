"""Retrieval: from files to chunks, from chunks to one digest, and from that digest to passages."""
