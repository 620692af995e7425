"""Prompts in the registry: pushed, pulled, compared, pointed at by aliases that an evaluation may protect."""
