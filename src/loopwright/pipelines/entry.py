"""Entries: `module:qualname` names a function, here and in a child process."""

import importlib
from collections.abc import Callable
from typing import Any

from loopwright.errors import GraphError
from loopwright.pipelines.step import Step


def function_of(entry: str) -> Callable[..., Any]:
    """The function that an entry names; of a step, the user's own function.

    Raises:
        GraphError: There is no such module or function.
    """
    module_name, _, qualname = entry.partition(":")
    try:
        value: Any = importlib.import_module(module_name)
        for name in qualname.split("."):
            value = getattr(value, name)
    except (ImportError, AttributeError) as error:
        raise GraphError(
            f"the step {entry} cannot be found by its name",
            why=str(error),
            fix="Define the step at the top level of a module of the project.",
        ) from error
    return value.function if isinstance(value, Step) else value
