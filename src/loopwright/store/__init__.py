"""Four seams: blobs, ledger, tables, kv. Back ends know bytes, pointers, events and rows; nothing of models."""
