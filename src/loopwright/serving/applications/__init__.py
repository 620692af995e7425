"""LLM applications behind arms: prepared, guarded, looked up, reserved, called, settled, logged."""
