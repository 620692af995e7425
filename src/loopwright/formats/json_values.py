"""Plain JSON values, and bytes."""

import json
from collections.abc import Mapping
from typing import Any

from loopwright.formats.format import Format

_SCALARS = (type(None), bool, int, float, str)
_DEEPEST = 200


class JsonFormat(Format):
    """None, booleans, integers of any size, floats (NaN and infinities too), strings, and lists and dicts of these.

    Exact types only: an enum or a subclass of `str` would come back as something else. Keys are sorted in the file, so
    a dict comes back in the order of its keys.
    """

    name = "json"

    def handles(self, value: object) -> bool:
        return is_json(value)

    def encode(self, value: Any) -> dict[str, bytes]:
        return {"value.json": json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")}

    def decode(self, files: Mapping[str, bytes]) -> Any:
        return json.loads(files["value.json"])


class BytesFormat(Format):
    """Bytes as they are."""

    name = "bytes"

    def handles(self, value: object) -> bool:
        return type(value) is bytes

    def encode(self, value: Any) -> dict[str, bytes]:
        return {"value.bin": value}

    def decode(self, files: Mapping[str, bytes]) -> Any:
        return files["value.bin"]


def is_json(value: object, depth: int = 0) -> bool:
    """Whether the value is JSON all the way down, at most 200 levels deep."""
    if depth > _DEEPEST:
        return False
    kind = type(value)
    if kind in _SCALARS:
        return True
    if isinstance(value, list) and kind is list:
        return all(is_json(item, depth + 1) for item in value)
    if isinstance(value, dict) and kind is dict:
        return all(type(key) is str and is_json(item, depth + 1) for key, item in value.items())
    return False
