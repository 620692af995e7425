"""What differs between two versions of an application, in the words of its declaration."""

from typing import Any

import msgspec

from loopwright.core.hashing import Digest
from loopwright.llm.application import Application

_MOST = 60
_LEAD = 20


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One difference: `where` is a path, as `prompt.system`; both sides as text, cut."""

    where: str
    before: str
    after: str


def changes(before: tuple[Application, Digest | None], after: tuple[Application, Digest | None]) -> tuple[Change, ...]:
    """Every difference, by path; an application comes with the version of the index that it reads."""
    old, new = _flat(before), _flat(after)
    return tuple(
        _change(where, _text(old.get(where)), _text(new.get(where)))
        for where in sorted(old.keys() | new.keys())
        if old.get(where) != new.get(where)
    )


def declared(application: Application, index: Digest | None) -> tuple[tuple[str, str], ...]:
    """What an application says of itself, by path; what it leaves at nothing is left out."""
    said = _flat((application, index))
    return tuple((where, str(value)) for where, value in said.items() if value not in (None, "", [], {}, ()))


def _flat(version: tuple[Application, Digest | None]) -> dict[str, Any]:
    application, index = version
    said: dict[str, Any] = msgspec.to_builtins(application)
    if index is not None:
        said["index"] = index
    found: dict[str, Any] = {}
    _walk(said, "", found)
    return found


def _walk(value: Any, path: str, found: dict[str, Any]) -> None:
    if isinstance(value, dict) and value:
        for name, one in value.items():
            _walk(one, f"{path}.{name}" if path else str(name), found)
    elif isinstance(value, list | tuple) and value:
        for place, one in enumerate(value):
            name = one.get("name") or one.get("kind") if isinstance(one, dict) else None
            _walk(one, f"{path}[{name or place}]", found)
    else:
        found[path] = value


def _change(where: str, before: str, after: str) -> Change:
    """Both sides, cut where they differ: long texts are often alike for a while."""
    pairs = enumerate(zip(before, after, strict=False))
    alike = next((place for place, (one, other) in pairs if one != other), min(len(before), len(after)))
    begin = max(0, alike - _LEAD) if max(len(before), len(after)) > _MOST else 0
    return Change(where=where, before=_cut(before, begin), after=_cut(after, begin))


def _text(value: Any) -> str:
    return "nothing" if value is None or value == "" else " ".join(str(value).split())


def _cut(text: str, begin: int) -> str:
    shown = f"…{text[begin + 1 :]}" if begin else text
    return shown if len(shown) <= _MOST else f"{shown[: _MOST - 1]}…"
