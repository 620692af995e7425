"""LLM applications as candidates: bundled, evaluated by their gate, released like any version."""
