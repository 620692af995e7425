"""Which chunks a reader may find, and which a question is about: by values of the metadata, as arrays."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from loopwright.core.codec import canonical, plain
from loopwright.errors import UsageError
from loopwright.stats.arrays import AnyArray

Mask = NDArray[np.bool_]
_BOUNDS = frozenset({"from", "to"})
_SCALAR = (str, int, float, bool)


class Columns:
    """The values of chunks' metadata: each different value once, and for each chunk which.

    Args:
        values: Field to its different values; the first, where there is one, belongs to chunks without the field.
        codes: (n_fields, n_chunks) int32, places in `values`, in the order of its fields.
        access: Different access lists; None: open to everybody.
        readers: (n_chunks,) int32, places in `access`.
    """

    def __init__(
        self,
        values: Mapping[str, Sequence[Any]],
        codes: AnyArray,
        *,
        access: Sequence[Sequence[str] | None],
        readers: AnyArray,
    ) -> None:
        self._values = values
        self._codes = codes
        self._rows = {name: row for row, name in enumerate(values)}
        self._access = access
        self._readers = readers

    @property
    def restricted(self) -> bool:
        """Whether any chunk has an access list."""
        return any(groups is not None for groups in self._access)

    def visible(self, reader: Sequence[str]) -> Mask | None:
        """(n_chunks,) what the groups of a reader may find; None: everything."""
        if not self.restricted:
            return None
        groups = set(reader)
        opens = np.array([one is None or not groups.isdisjoint(one) for one in self._access], dtype=np.bool_)
        return np.asarray(opens[self._readers])

    def wanted(self, where: Mapping[str, Any]) -> Mask | None:
        """(n_chunks,) what has all these values; None: everything.

        A field that no chunk has is no error: it would tell of chunks that the reader may not see.

        Raises:
            UsageError: A value is none that can be filtered by.
        """
        mask: Mask | None = None
        for name, asked in where.items():
            checked(name, asked)
            if name not in self._rows:
                return np.zeros(self._readers.shape[0], dtype=np.bool_)
            fits = np.array([_fits(value, asked) for value in self._values[name]], dtype=np.bool_)
            found = np.asarray(fits[self._codes[self._rows[name]]])
            mask = found if mask is None else mask & found
        return mask


def checked(name: str, asked: Any) -> None:
    """Refuse a value that cannot be filtered by.

    Raises:
        UsageError: It is no scalar, no list of these, no range.
    """
    if isinstance(asked, Mapping):
        bounds = list(asked.values())
        good = bool(asked) and set(asked) <= _BOUNDS and (_all_numbers(bounds) or _all_text(bounds))
    else:
        values = asked if isinstance(asked, list | tuple) else [asked]
        good = all(isinstance(value, _SCALAR) for value in values)
    if not good:
        raise UsageError(
            f"{str(name)[:100]!r} cannot be filtered by what was given",
            why='it takes a value, a list of values, or a range {"from": …, "to": …} of numbers or of texts',
        )


def columns_of(
    metadata: Sequence[Mapping[str, Any]], access: Sequence[Sequence[str] | None]
) -> tuple[dict[str, list[Any]], NDArray[np.int32], list[list[str] | None], NDArray[np.int32]]:
    """What `Columns` is made of, from each chunk's metadata and access list."""
    names = sorted({name for one in metadata for name in one})
    values: dict[str, list[Any]] = {}
    codes = np.zeros((len(names), len(metadata)), dtype=np.int32)
    for row, name in enumerate(names):
        different: dict[bytes, int] = {}
        codes[row] = [different.setdefault(canonical(one.get(name)), len(different)) for one in metadata]
        values[name] = [plain(text) for text in different]
    lists: dict[bytes, int] = {}
    readers = [lists.setdefault(canonical(groups), len(lists)) for groups in access]
    return values, codes, [plain(text) for text in lists], np.array(readers, dtype=np.int32)


def _fits(value: Any, asked: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, list):
        return any(_fits(one, asked) for one in value)
    if isinstance(asked, Mapping):
        return _within(value, asked)
    if isinstance(asked, list | tuple):
        return any(_same(value, one) for one in asked)
    return _same(value, asked)


def _same(value: Any, asked: Any) -> bool:
    return isinstance(value, bool) == isinstance(asked, bool) and bool(value == asked)


def _within(value: Any, bounds: Mapping[str, Any]) -> bool:
    ends = list(bounds.values())
    if not (_all_numbers([value, *ends]) or _all_text([value, *ends])):
        return False
    return bool(("from" not in bounds or bounds["from"] <= value) and ("to" not in bounds or value <= bounds["to"]))


def _all_numbers(values: Sequence[Any]) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _all_text(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
