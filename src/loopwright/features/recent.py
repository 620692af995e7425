"""The recent rows of one entity, as they lie in the key-value store, and the aggregates of a window over them.

Stored form: MessagePack of `[format, complete_from, at, known, ids, columns]`, where `at` and `known` are little-endian
int64 and each column little-endian float64 (NaN for null), sorted by `at`, then `known`.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from loopwright.core.clock import Micros
from loopwright.errors import BlobCorruptError, HomeTooNewError
from loopwright.features.columns import Column, Floats, Ints, column
from loopwright.features.view import Aggregate

_FORMAT = 1
_ROWS_ADDED_ONE_BY_ONE = 512
NEVER: Micros = -(2**62)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recent:
    """Rows of one entity, sorted by event time and the time each became known.

    Attributes:
        complete_from: From this event time on no row has been dropped: a window that begins earlier cannot be answered.
        at: `(n_rows,)` event times.
        known: `(n_rows,)` when each became known.
        ids: One id a row, empty where a row has none.
        columns: `(n_rows,)` values by column, NaN for null.
    """

    complete_from: Micros
    at: Ints
    known: Ints
    ids: tuple[str, ...]
    columns: tuple[Floats, ...]

    def merged(self, other: "Recent") -> "Recent":
        """Both rows together; of rows with one id, the one known latest, and of those the one of `other`."""
        late = dict.fromkeys(filter(None, other.ids))
        mine = [i for i, row in enumerate(self.ids) if row not in late] if late else range(len(self.ids))
        replaced = {row: i for i, row in enumerate(self.ids) if row in late} if late else {}
        theirs = []
        keep_mine = list(mine)
        for j, row in enumerate(other.ids):
            i = replaced.get(row) if row else None
            if i is not None and (self.known[i] > other.known[j] or self._same_row(i, other, j)):
                keep_mine.append(i)
            else:
                theirs.append(j)
        first, second = np.array(keep_mine, np.int64), np.array(theirs, np.int64)
        at = np.concatenate([self.at[first], other.at[second]])
        known = np.concatenate([self.known[first], other.known[second]])
        ids = [self.ids[i] for i in keep_mine] + [other.ids[j] for j in theirs]
        order = np.lexsort((known, at))
        return Recent(
            complete_from=max(self.complete_from, other.complete_from),
            at=at[order],
            known=known[order],
            ids=tuple(ids[i] for i in order),
            columns=tuple(
                np.concatenate([a[first], b[second]])[order] for a, b in zip(self.columns, other.columns, strict=True)
            ),
        )

    def trimmed(self, floor: Micros, most: int) -> "Recent":
        """Without rows whose event time is before `floor`, and with at most the `most` latest."""
        drop = max(int(np.searchsorted(self.at, floor)), len(self.at) - most)
        if drop <= 0:
            return self
        return Recent(
            complete_from=max(self.complete_from, int(self.at[drop - 1]) + 1),
            at=self.at[drop:],
            known=self.known[drop:],
            ids=self.ids[drop:],
            columns=tuple(values[drop:] for values in self.columns),
        )

    def encode(self) -> bytes:
        """The stored form."""
        ids = list(self.ids) if any(self.ids) else None
        columns = [values.astype("<f8", copy=False).tobytes() for values in self.columns]
        return msgspec.msgpack.encode(
            [
                _FORMAT,
                self.complete_from,
                self.at.astype("<i8").tobytes(),
                self.known.astype("<i8").tobytes(),
                ids,
                columns,
            ]
        )

    def _same_row(self, i: int, other: "Recent", j: int) -> bool:
        values = all(
            a[i] == b[j] or (math.isnan(a[i]) and math.isnan(b[j]))
            for a, b in zip(self.columns, other.columns, strict=True)
        )
        return bool(values and self.at[i] == other.at[j])


def decode(data: bytes) -> Recent:
    """Rows from their stored form.

    Raises:
        HomeTooNewError: A newer version has written them.
        BlobCorruptError: The bytes are no rows.
    """
    try:
        form, complete_from, at, known, ids, columns = msgspec.msgpack.decode(data)
        if form != _FORMAT:
            raise HomeTooNewError(
                f"online features of format {form} cannot be read", why=f"this version reads {_FORMAT}"
            )
        times = np.frombuffer(at, "<i8").astype(np.int64, copy=False)
        return Recent(
            complete_from=complete_from,
            at=times,
            known=np.frombuffer(known, "<i8").astype(np.int64, copy=False),
            ids=tuple(ids) if ids else ("",) * len(times),
            columns=tuple(np.frombuffer(values, "<f8").astype(np.float64, copy=False) for values in columns),
        )
    except (ValueError, TypeError, msgspec.DecodeError) as error:
        raise BlobCorruptError("the online features of an entity cannot be read", why=str(error)) from error


class Answering:
    """The rows of one entity, laid out to answer windows in microseconds."""

    def __init__(self, rows: Recent, names: Sequence[str]) -> None:
        self._rows = rows
        self._names = tuple(names)
        self._at: list[int] = rows.at.tolist()
        self._last_known = int(rows.known.max()) if len(rows.known) else NEVER
        self._columns = {name: _Values(values) for name, values in zip(names, rows.columns, strict=True)}

    def known_by(self, known: Micros) -> "Answering":
        """The same rows without those that became known after `known`; itself where there are none."""
        if self._last_known <= known:
            return self
        rows, seen = self._rows, self._rows.known <= known
        kept = Recent(
            complete_from=rows.complete_from,
            at=rows.at[seen],
            known=rows.known[seen],
            ids=(),
            columns=tuple(values[seen] for values in rows.columns),
        )
        return Answering(kept, self._names)

    def features(self, rules: Mapping[str, Aggregate], at: Micros) -> dict[str, float | int | None]:
        """Each aggregate as of `at`; None where there is none, and where its window begins before `complete_from`."""
        high = bisect_left(self._at, at)
        answers: dict[str, float | int | None] = {}
        for name, rule in rules.items():
            begins = at - rule.over
            if begins < self._rows.complete_from:
                answers[name] = None
                continue
            low = bisect_left(self._at, begins, 0, high)
            answers[name] = high - low if rule.column is None else self._of(rule, low, high)
        return answers

    def _of(self, rule: Aggregate, low: int, high: int) -> float | int | None:
        column = self._columns[rule.column or ""]
        if rule.kind == "last":
            return column.last(self._rows, low, high)
        return column.aggregate(rule.kind, low, high)


class _Values:
    """One column's values that are not null, as a list for short windows and as an array for long ones."""

    def __init__(self, values: Floats) -> None:
        self._column: Column = column(values)
        self._list: list[float] = self._column.values.tolist()
        self._before: list[int] | None = None if self._column.before is None else self._column.before.tolist()

    def aggregate(self, kind: str, low: int, high: int) -> float | int | None:
        low, high = (low, high) if self._before is None else (self._before[low], self._before[high])
        n = high - low
        if kind == "count":
            return n
        if n < (2 if kind == "std" else 1):
            return 0.0 if kind == "sum" else None
        answers: dict[str, Callable[[int, int], float]] = {
            "sum": self._sum,
            "mean": lambda low, high: self._sum(low, high) / n,
            "std": self._deviation,
            "min": self._least,
            "max": self._greatest,
        }
        return answers[kind](low, high)

    def last(self, rows: Recent, low: int, high: int) -> float | None:
        first, end = (low, high) if self._before is None else (self._before[low], self._before[high])
        if end <= first:
            return None
        at, known = rows.at, rows.known
        if self._column.rows is not None:
            at, known = at[self._column.rows], known[self._column.rows]
        best, i = self._list[end - 1], end - 2
        while i >= first and at[i] == at[end - 1] and known[i] == known[end - 1]:
            best = max(best, self._list[i])
            i -= 1
        return best

    def _least(self, low: int, high: int) -> float:
        short = high - low <= _ROWS_ADDED_ONE_BY_ONE
        return min(self._list[low:high]) if short else float(self._column.values[low:high].min())

    def _greatest(self, low: int, high: int) -> float:
        short = high - low <= _ROWS_ADDED_ONE_BY_ONE
        return max(self._list[low:high]) if short else float(self._column.values[low:high].max())

    def _sum(self, low: int, high: int) -> float:
        if high - low <= _ROWS_ADDED_ONE_BY_ONE:
            return math.fsum(self._list[low:high])
        return float(self._column.running.between(np.array([low]), np.array([high]))[0])

    def _deviation(self, low: int, high: int) -> float:
        values = self._column.values[low:high]
        if values.min() == values.max():
            return 0.0
        away = values - self._sum(low, high) / (high - low)
        return math.sqrt(math.fsum((away * away).tolist()) / (high - low - 1))
