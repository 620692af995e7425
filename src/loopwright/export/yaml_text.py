"""Plain values as YAML that any YAML 1.2 parser reads back the same: mappings, lists, texts, numbers, truths."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def yaml_text(value: Any) -> str:
    """The value as YAML; texts are quoted."""
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            yield from _under(f"{key}:", inner)
    elif _is_list(value) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    else:
        yield _scalar(value)


def _under(key: str, value: Any) -> Iterator[str]:
    nested = (isinstance(value, Mapping) or _is_list(value)) and value
    if not nested:
        yield f"{key} {_scalar(value)}"
        return
    yield key
    yield from (f"  {line}" for line in _lines(value))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"  # PromQL is full of double quotes, and nothing is escaped between single ones
    return json.dumps(value, ensure_ascii=False)
