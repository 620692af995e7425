"""Options that belong together, as one parameter of a command: Typer sees each of them, the command sees one value."""

import dataclasses
import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

from loopwright.cli.render import Answer

Command = Callable[..., Answer]


def spread(options: type[Any]) -> Callable[[Command], Command]:
    """Give a command the fields of a dataclass as options of its own; it takes them as its parameter `options`.

    Args:
        options: A dataclass whose fields are annotated as Typer's options are, each with a default.
    """
    hints = get_type_hints(options, include_extras=True)
    fields = dataclasses.fields(options)

    def decorate(command: Command) -> Command:
        own = get_type_hints(command, include_extras=True)
        kept = [p for p in inspect.signature(command).parameters.values() if p.name != "options"]
        added = [
            inspect.Parameter(f.name, inspect.Parameter.KEYWORD_ONLY, default=f.default, annotation=hints[f.name])
            for f in fields
        ]

        def run(**given: Any) -> Answer:
            picked = {field.name: given.pop(field.name) for field in fields}
            return command(**given, options=options(**picked))

        run.__doc__, run.__name__ = command.__doc__, command.__name__
        run.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: own[p.name] for p in kept} | {f.name: hints[f.name] for f in fields}
        return run

    return decorate
