"""Scorers that ask a model: a judge whose model and prompt are pinned, and which may give no verdict."""
