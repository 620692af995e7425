"""The rows that serving writes and that monitoring, evaluations and releases read."""
