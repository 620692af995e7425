"""Indexes of documents: built, named by versions, moved and rolled back, evaluated, read by name."""
