"""Requests and the labels that belong to them, as arrays: some 60 bytes a request.

Names of requests and keys are kept as 64-bit hashes. Among two million names two share one with a chance of one in ten
million; then one request would carry another's label.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from loopwright.monitoring.joined import Groups, LabelledRequests
from loopwright.stats.arrays import AnyArray, Floats

Hashes = NDArray[np.uint64]
_NONE, _BOOL, _INT, _FLOAT, _TEXT = range(5)
_KINDS = {bool: _BOOL, int: _INT, float: _FLOAT, str: _TEXT}
_TABLE_BITS = 21
_NO_NAMES: Hashes = np.empty(0, dtype=np.uint64)


def hashes_of(names: pl.Series) -> Hashes:
    """(n,) a hash of each name, 0 for none."""
    made = np.asarray(names.cast(pl.String).hash(seed=0).to_numpy(), dtype=np.uint64) | np.uint64(1)
    return np.where(names.is_null().to_numpy(), np.uint64(0), made)


@dataclass(frozen=True, slots=True, eq=False)
class LabelStore:
    """Labels by the hash of a name, ascending, the last known of each name only."""

    names: Hashes = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    order: NDArray[np.uint32] = field(default_factory=lambda: np.empty(0, dtype=np.uint32))
    value: Floats = field(default_factory=lambda: np.empty(0))
    kind: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, dtype=np.uint8))

    def with_later(self, other: "LabelStore") -> "LabelStore":
        """Both; of one name the other's, which are later."""
        return labels_by_name(
            np.concatenate((self.names, other.names)),
            np.concatenate((self.order, other.order)),
            value=np.concatenate((self.value, other.value)),
            kind=np.concatenate((self.kind, other.kind)),
        )

    def where(self, kept: NDArray[np.bool_]) -> "LabelStore":
        """Only those that are kept."""
        return LabelStore(self.names[kept], self.order[kept], self.value[kept], self.kind[kept])


@dataclass(frozen=True, slots=True, eq=False)
class LabelStores:
    """Labels in few stores of very different sizes, so that new ones cost little to put by."""

    stores: tuple[LabelStore, ...] = ()

    def with_later(self, new: LabelStore) -> "LabelStores":
        """With labels that are later than all before."""
        stores = [*self.stores, new] if new.names.size else [*self.stores]
        while len(stores) > 1 and stores[-1].names.size * 2 > stores[-2].names.size:
            later = stores.pop()
            stores[-1] = stores[-1].with_later(later)
        return LabelStores(tuple(stores))

    def without(self, names: Hashes, *, but: Hashes) -> "LabelStores":
        """Without the labels of some names, but of those that are kept all the same."""
        if not names.size:
            return self
        return LabelStores(
            tuple(store.where(~(among(store.names, names) & ~among(store.names, but))) for store in self.stores)
        )

    def give(self, names: Hashes, order: NDArray[np.uint32], *, value: Floats, kind: NDArray[np.uint8]) -> None:
        """Give rows the labels of their names, in place, where these are later than what they have."""
        for store in self.stores:
            _give(store, names, order, value=value, kind=kind)


def among(names: Hashes, wanted: Hashes) -> NDArray[np.bool_]:
    """(n,) which names are among a few wanted ones; a table of their high bits spares most of the comparisons."""
    found = np.zeros(names.size, dtype=np.bool_)
    if wanted.size and names.size:
        place = _maybe(names, wanted)
        found[place] = np.isin(names[place], wanted)
    return found


def _maybe(names: Hashes, wanted: Hashes) -> NDArray[np.intp]:
    """Positions of the names that may be among the wanted ones, and few others."""
    table = np.zeros(1 << _TABLE_BITS, dtype=np.bool_)
    table[_high(wanted)] = True
    return np.flatnonzero(table[_high(names)])


def _high(names: Hashes) -> NDArray[np.uint32]:
    return (names >> np.uint64(64 - _TABLE_BITS)).astype(np.uint32)


def labels_by_name(names: Hashes, order: NDArray[np.uint32], *, value: Floats, kind: NDArray[np.uint8]) -> LabelStore:
    """A store of labels (n,) in the order in which they became known; names that are none are left out."""
    place = np.argsort(names, kind="stable")
    ordered = names[place]
    last = np.append(ordered[1:] != ordered[:-1], True) & (ordered != 0) if ordered.size else np.empty(0, dtype=bool)
    place = place[last]
    return LabelStore(names[place], order[place], value[place], kind[place])


class LabelledRows:
    """Rows in order of event time. Used by one thread.

    Args:
        groups: Names of the columns that performance is split by.
    """

    def __init__(self, groups: Sequence[str] = ()) -> None:
        self._time: NDArray[np.int64] = np.empty(0, dtype=np.int64)
        self._score: Floats = np.empty(0)
        self._request: Hashes = np.empty(0, dtype=np.uint64)
        self._key: Hashes = np.empty(0, dtype=np.uint64)
        self._order: NDArray[np.uint32] = np.empty(0, dtype=np.uint32)
        self._value: Floats = np.empty(0)
        self._kind: NDArray[np.uint8] = np.empty(0, dtype=np.uint8)
        self._codes: dict[str, NDArray[np.int32]] = {name: np.empty(0, dtype=np.int32) for name in groups}
        self._levels: dict[str, dict[str, int]] = {name: {} for name in groups}
        self._texts: dict[str, int] = {}
        self._by_key = LabelStores()
        self._by_request = LabelStores()
        self._labels = 0

    def __len__(self) -> int:
        return int(self._time.size)

    def add(self, rows: pl.DataFrame, score: Floats, groups: Mapping[str, pl.Series]) -> None:
        """New rows, each with the last label that is known of it; see `observations.labels.latest_labels`.

        Args:
            rows: `request_id`, `key` and `event_time` (microseconds UTC).
            score: (n,) or (n, k), in the rows' order.
            groups: (n,) values of each column that performance is split by, as text.
        """
        n = rows.height
        if not n:
            return
        first = not len(self)
        time = rows["event_time"].cast(pl.Int64).to_numpy()
        keys = hashes_of(rows["key"])
        requests = hashes_of(rows["request_id"])
        order = np.zeros(n, dtype=np.uint32)
        value, kind = np.zeros(n), np.zeros(n, dtype=np.uint8)
        self._by_key.give(keys, order, value=value, kind=kind)
        self._by_request.give(requests, order, value=value, kind=kind)
        # A label by request is spent once its request is here; one by key may be about a later request too.
        self._by_request = self._by_request.without(requests, but=_NO_NAMES)
        self._time = np.concatenate((self._time, time))
        self._score = np.array(score) if first else np.concatenate((self._score, score))
        self._request = np.concatenate((self._request, requests))
        self._key = np.concatenate((self._key, keys))
        self._order = np.concatenate((self._order, order))
        self._value = np.concatenate((self._value, value))
        self._kind = np.concatenate((self._kind, kind))
        for name in self._codes:
            self._codes[name] = np.concatenate((self._codes[name], self._coded(name, groups[name])))
        self._sort(len(self) - n)

    def learn(self, labels: pl.DataFrame) -> None:
        """New labels: `key`, `request_id` and `value`, later than all before, in the order in which they were known."""
        n = labels.height
        if not n:
            return
        order = np.arange(self._labels + 1, self._labels + n + 1, dtype=np.uint32)
        self._labels += n
        value, kind = self._numbers(labels["value"])
        by_id = labels["request_id"].is_not_null().to_numpy()
        requests = hashes_of(labels["request_id"])
        keys = np.where(by_id, np.uint64(0), hashes_of(labels["key"]))
        for names, own in ((keys, self._key), (requests, self._request)):
            _give(
                labels_by_name(names, order, value=value, kind=kind),
                own,
                self._order,
                value=self._value,
                kind=self._kind,
            )
        self._by_key = self._by_key.with_later(labels_by_name(keys, order, value=value, kind=kind))
        here = self._request[_maybe(self._request, requests)]
        waiting = np.where(np.isin(requests, here), np.uint64(0), requests)
        self._by_request = self._by_request.with_later(labels_by_name(waiting, order, value=value, kind=kind))

    def forget(self, before: int) -> None:
        """Drop rows with an event time before that, and labels of keys that no row has any more, but the newest.

        Args:
            before: Microseconds UTC.
        """
        gone = int(np.searchsorted(self._time, before))
        if not gone:
            return
        dropped = np.unique(self._key[:gone])
        self._keep(slice(gone, None))
        self._by_key = self._by_key.without(dropped, but=self._key[_maybe(self._key, dropped)])

    def since(self, instant: int) -> LabelledRequests:
        """Rows from an event time on, in its order, with the labels known by now; scores and times are views."""
        first = int(np.searchsorted(self._time, instant))
        labelled = self._kind[first:] != _NONE
        return LabelledRequests(
            event_time=self._time[first:],
            score=self._score[first:],
            labelled=labelled,
            label=self._labels_of(first, labelled),
            groups={
                name: Groups(levels=tuple(self._levels[name]), codes=codes[first:])
                for name, codes in self._codes.items()
            },
        )

    def _labels_of(self, first: int, labelled: NDArray[np.bool_]) -> AnyArray:
        """The labels with their own type: one of bool, int, float and text, or the least that holds all of them."""
        kind, value = self._kind[first:][labelled], self._value[first:][labelled]
        kinds = set(np.unique(kind).tolist())
        if _TEXT in kinds:
            return self._as_texts(value, kind)
        if kinds == {_BOOL}:
            return value.astype(np.bool_)
        return value.astype(np.int64) if kinds and kinds <= {_BOOL, _INT} else value

    def _as_texts(self, value: Floats, kind: NDArray[np.uint8]) -> AnyArray:
        texts = np.asarray([*self._texts, ""], dtype=object)
        made = texts[np.where(kind == _TEXT, value, len(self._texts)).astype(np.int64)]
        others = {_BOOL: bool, _INT: int, _FLOAT: float}
        for place in np.flatnonzero(kind != _TEXT):
            made[place] = str(others[int(kind[place])](value[place]))
        return np.asarray(made.tolist())

    def _numbers(self, values: pl.Series) -> tuple[Floats, NDArray[np.uint8]]:
        """Labels as numbers and what they are; a text is its place among all texts; a null is no label."""
        known = values.is_not_null().to_numpy()
        kinds = {pl.Boolean: _BOOL, pl.String: _TEXT}
        if values.dtype == pl.String:
            texts = values.fill_null("").to_list()
            for text in dict.fromkeys(texts):
                self._texts.setdefault(text, len(self._texts))
            numbers = np.asarray([self._texts[text] for text in texts], dtype=np.float64)
        else:
            numbers = values.cast(pl.Float64).fill_null(0.0).to_numpy()
        what = kinds.get(type(values.dtype), _FLOAT if values.dtype.is_float() else _INT)
        return numbers, np.where(known, what, _NONE).astype(np.uint8)

    def _coded(self, name: str, values: pl.Series) -> NDArray[np.int32]:
        levels = self._levels[name]
        texts = values.cast(pl.String)
        for level in texts.unique(maintain_order=True).drop_nulls().to_list():
            levels.setdefault(level, len(levels))
        codes = texts.replace_strict(list(levels), range(len(levels)), default=-1, return_dtype=pl.Int32)
        return codes.fill_null(-1).to_numpy().astype(np.int32)

    def _sort(self, added: int) -> None:
        """Put rows from a position on to their places by event time; those before are there already."""
        first = int(np.searchsorted(self._time[:added], self._time[added:].min(), side="right"))
        place = np.argsort(self._time[first:], kind="stable")
        for column in (*self._columns(), *self._codes.values()):
            column[first:] = column[first:][place]

    def _columns(self) -> tuple[AnyArray, ...]:
        return (self._time, self._score, self._request, self._key, self._order, self._value, self._kind)

    def _keep(self, place: slice) -> None:
        """Only the rows of a span; copied, so that the memory of the others is given back."""
        self._time, self._score, self._request, self._key, self._order, self._value, self._kind = (
            column[place].copy() for column in self._columns()
        )
        self._codes = {name: codes[place].copy() for name, codes in self._codes.items()}


def _give(
    store: LabelStore, names: Hashes, order: NDArray[np.uint32], *, value: Floats, kind: NDArray[np.uint8]
) -> None:
    """Give rows the labels of their names, in place, where these are later than what they have."""
    if not store.names.size or not names.size:
        return
    asked = _maybe(names, store.names) if store.names.size < names.size else np.arange(names.size)
    place = np.minimum(np.searchsorted(store.names, names[asked]), store.names.size - 1)
    hit = (store.names[place] == names[asked]) & (store.order[place] > order[asked])
    rows, place = asked[hit], place[hit]
    order[rows], value[rows], kind[rows] = store.order[place], store.value[place], store.kind[place]
