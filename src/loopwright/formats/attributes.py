"""An object's attributes as plain JSON values, with tags for what JSON has no form for."""

from collections.abc import Mapping
from typing import Any

from loopwright.errors import UntrustedFormatError
from loopwright.formats.json_values import is_json


def plain_attributes(attributes: Mapping[str, Any], owner: str) -> dict[str, Any]:
    """The attributes in a form that `restored_attributes` reads.

    Args:
        attributes: Name to value.
        owner: Whose they are, for the error.

    Raises:
        UntrustedFormatError: One of them is a function or an object, which could only be pickled.
    """
    plain = {name: _tagged(item) for name, item in attributes.items()}
    wrong = sorted(name for name, item in plain.items() if not is_json(item))
    if wrong:
        raise UntrustedFormatError(
            f"{owner} has {', '.join(wrong)} that are not plain values",
            why="a function or an object can only be pickled",
            fix="Give names, numbers and integer seeds, or allow pickle with @lw.step(trust_pickle=True).",
        )
    return plain


def restored_attributes(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes again."""
    return {name: _restored(item) for name, item in plain.items()}


def _tagged(item: Any) -> Any:
    """JSON with tags for tuples, arrays, and dicts, whose keys need not be text."""
    import numpy as np

    if isinstance(item, np.generic):
        return item.item()
    if isinstance(item, np.ndarray):
        return {"$array": item.tolist()}
    if isinstance(item, tuple):
        return {"$tuple": [_tagged(inner) for inner in item]}
    if isinstance(item, list):
        return [_tagged(inner) for inner in item]
    if isinstance(item, Mapping):
        return {"$dict": [[_tagged(key), _tagged(inner)] for key, inner in item.items()]}
    return item


def _restored(item: Any) -> Any:
    import numpy as np

    if isinstance(item, list):
        return [_restored(inner) for inner in item]
    if not isinstance(item, dict):
        return item
    if "$array" in item:
        return np.asarray(item["$array"])
    if "$tuple" in item:
        return tuple(_restored(inner) for inner in item["$tuple"])
    if "$dict" in item:
        return {_restored(key): _restored(inner) for key, inner in item["$dict"]}
    return {name: _restored(inner) for name, inner in item.items()}
