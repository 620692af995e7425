"""Options in their plainest form, read without Typer: importing it takes longer than a run that changes nothing."""

from collections.abc import Callable, Sequence
from typing import Any


def plain_options(arguments: Sequence[str], command: Callable[..., Any]) -> dict[str, Any] | None:
    """The keyword arguments that a command line of `--name value` pairs stands for.

    Args:
        arguments: What follows the command's name.
        command: A function of keyword-only parameters with defaults: paths, text, and lists of text that may be given
            again and again. A `_` at a name's end is no part of the option.

    Returns:
        None for anything else, a mistake or a call for help among them: Typer is to read it.
    """
    from pathlib import Path

    defaults: dict[str, Any] = command.__kwdefaults__ or {}
    lists = {name for name, kind in command.__annotations__.items() if kind == (list[str] | None)}
    given: dict[str, Any] = {}
    words = iter(arguments)
    for word in words:
        option, equals, value = word.partition("=")
        name = _parameter(option, defaults)
        if not equals:
            value = next(words, "-")
        if name is None or value.startswith("-") or (name in given and name not in lists):
            return None
        if name in lists:
            given.setdefault(name, []).append(value)
        else:
            given[name] = Path(value) if isinstance(defaults[name], Path) else value
    return given


def _parameter(option: str, defaults: dict[str, Any]) -> str | None:
    known = {"--" + name.rstrip("_").replace("_", "-"): name for name in defaults}
    return known.get(option)
