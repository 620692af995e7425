"""Labelled texts as files have them: one JSON value a line, `{"guard": …, "bad": true, "text": …}`.

`kind` says what must be found in a bad one, where it matters; `tags` are groups that a report shows apart; a line with
`guard` and `options` says how that guard is declared.
"""

from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec

from loopwright.errors import SourceError
from loopwright.llm.guards.trials.made_up import filled

SHIPPED = "the set that loopwright ships"


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One text.

    Attributes:
        guard: The kind of guard that it is for.
        text: The text.
        bad: Whether the guard should find something in it.
        kind: What it should find; anything where empty.
        id: As reports name it.
        tags: Groups that it belongs to.
    """

    guard: str
    text: str
    bad: bool
    kind: str = ""
    id: str = ""
    tags: tuple[str, ...] = ()


class LabelledSet(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, and the options of the guards that they are for."""

    name: str
    texts: tuple[Labelled, ...]
    options: dict[str, dict[str, Any]] = {}


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    guard: str
    text: str | None = None
    bad: bool = False
    kind: str = ""
    id: str = ""
    tags: tuple[str, ...] = ()
    options: dict[str, Any] | None = None


def shipped() -> LabelledSet:
    """The set that comes with the program: written and made up for it, so that a guard does better on it than on texts
    that nobody wrote with it in mind."""
    text = files(__package__).joinpath("labelled.jsonl").read_text(encoding="utf-8")
    read = _read(text, SHIPPED)
    made = tuple(msgspec.structs.replace(one, text=filled(one.text, one.id)) for one in read.texts)
    return msgspec.structs.replace(read, texts=made)


def labelled_file(path: Path) -> LabelledSet:
    """A set of the user's own; its texts are taken as they are.

    Raises:
        SourceError: The file cannot be read, or a line of it is none.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read", why=str(error)) from error
    return _read(text, str(path))


def _read(text: str, name: str) -> LabelledSet:
    texts, options = [], {}
    for number, row in enumerate(text.splitlines(), start=1):
        if not row.strip():
            continue
        try:
            line = msgspec.json.decode(row, type=_Line)
        except (msgspec.DecodeError, RecursionError) as error:
            raise SourceError(f"line {number} of {name} is no labelled text", why=str(error)) from error
        if line.options is not None:
            options[line.guard] = line.options
        if line.text is not None:
            texts.append(
                Labelled(
                    guard=line.guard, text=line.text, bad=line.bad, kind=line.kind, id=line.id or f"line {number}",
                    tags=line.tags,
                )
            )  # fmt: skip
    if not texts:
        raise SourceError(f"{name} holds no labelled text")
    return LabelledSet(name=name, texts=tuple(texts), options=options)
