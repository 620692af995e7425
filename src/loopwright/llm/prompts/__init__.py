"""Prompts: files that people edit, versions that nobody can change."""
