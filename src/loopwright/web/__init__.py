"""Processes that listen: the inference worker, its doors, and the supervisor that starts them."""
