"""Reaching a journey's heavy half by name, so that commands that do not need it start without NumPy and polars."""

from importlib import import_module
from typing import Any


def entry(name: str) -> Any:
    """The object that `module:qualname` names."""
    module, _, qualname = name.partition(":")
    return getattr(import_module(module), qualname)
