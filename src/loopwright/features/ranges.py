"""Aggregates of ranges of rows, many ranges at once: running sums, doubling tables, single rows where it must be.

Extremes come from tables over ranges of 2^j rows, built level by level (Bender and Farach-Colton, The LCA problem
revisited, 2000).
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loopwright.features.columns import Column, Floats, Ints, RunningSums, running_sums
from loopwright.features.view import Aggregate
from loopwright.features.windows import Events, Questions, Ranges

Bools = npt.NDArray[np.bool_]
_ROWS_AT_ONCE = 4_000_000
_CANCELLED = 1e-5
_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One group of events with the rows of each question's window in it."""

    events: Events
    ranges: Ranges


def aggregate(rule: Aggregate, parts: Sequence[Part], questions: Questions) -> tuple[Floats, Bools]:
    """The aggregate's `(n,)` values and where there is one."""
    spans = [_Span.of(rule.column, part, questions) for part in parts]
    every = np.ones(len(questions.at), np.bool_)
    if rule.kind == "count":
        return _counts(spans).astype(np.float64), every
    if rule.kind == "sum":
        return _sums(spans), every
    if rule.kind == "mean":
        n = _counts(spans)
        return _sums(spans) / np.maximum(n, 1), n > 0
    if rule.kind == "std":
        return _deviation(spans)
    if rule.kind == "last":
        return _latest(spans)
    return _extreme(spans, largest=rule.kind == "max")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    """The values of one column (or, where there is none, the rows themselves), with each question's range of them."""

    events: Events
    column: Column | None
    low: Ints
    settled: Ints
    high: Ints
    by: Ints
    unsettled: Ints

    @classmethod
    def of(cls, name: str | None, part: Part, questions: Questions) -> "_Span":
        where = part.ranges
        column = None if name is None else part.events.columns[name]
        low, settled, high = where.low, where.settled, where.high
        if column is not None and column.before is not None:
            low, settled, high = column.before[low], column.before[settled], column.before[high]
        unsettled = np.flatnonzero(high > settled)
        return cls(
            events=part.events,
            column=column,
            low=low,
            settled=settled,
            high=high,
            by=questions.known,
            unsettled=unsettled,
        )

    @property
    def values(self) -> Floats:
        return np.empty(0) if self.column is None else self.column.values

    @property
    def running(self) -> RunningSums:
        return running_sums(np.empty(0)) if self.column is None else self.column.running

    def of_rows(self, what: Ints, values: Ints | slice) -> Ints:
        """What the events have in the rows of some values."""
        if self.column is None or self.column.rows is None:
            return what[values]
        return what[self.column.rows[values]]

    def counts(self) -> Ints:
        n = self.settled - self.low
        for which, _, starts, known in self._singly():
            n[which] += np.add.reduceat(known.astype(np.int64), starts)
        return n

    def sums(self, values: Floats, running: RunningSums) -> Floats:
        """The sum of each range of `values`, which are as many as the column's and have those running sums."""
        sums = running.between(self.low, self.settled)
        for which, rows, starts, known in self._singly():
            sums[which] += np.add.reduceat(np.where(known, values[rows], 0.0), starts)
        return sums

    def squares_about(self, centre: Floats) -> Floats:
        """The sum of squared differences of each range's values from its `centre`, row by row."""
        sums = np.zeros(len(self.low))
        for which, rows, starts, known in self._singly():
            lengths = np.diff(np.append(starts, len(rows)))
            away = np.where(known, self.values[rows] - np.repeat(centre[which], lengths), 0.0)
            sums[which] += np.add.reduceat(away * away, starts)
        return sums

    def largest(self, values: Floats) -> Floats:
        """The greatest of the values of each range, minus infinity where there is none."""
        found = _range_maxima(values, self.low, self.settled)
        for which, rows, starts, known in self._singly():
            tail = np.maximum.reduceat(np.where(known, values[rows], -np.inf), starts)
            found[which] = np.maximum(found[which], tail)
        return found

    def last_rows(self) -> Ints:
        """The last known row of each range, -1 where there is none."""
        found = np.where(self.settled > self.low, self.settled - 1, -1)
        for which, rows, starts, known in self._singly():
            tail = np.maximum.reduceat(np.where(known, rows, -1), starts)
            found[which] = np.maximum(found[which], tail)
        return found

    def whole(self, which: Ints) -> "_Span":
        """The same ranges for some questions, with every row of them to be looked at."""
        low, high = self.low[which], self.high[which]
        filled = np.flatnonzero(high > low)
        return _Span(
            events=self.events, column=self.column, low=low, settled=low, high=high, by=self.by[which], unsettled=filled
        )  # fmt: skip

    def _singly(self) -> Iterator[tuple[Ints, Ints, Ints, Bools]]:
        """Unsettled rows, a bounded number at once: which questions, their rows, where each begins, which are known."""
        lengths = (self.high - self.settled)[self.unsettled]
        ends = np.cumsum(lengths)
        first = 0
        while first < len(lengths):
            done = ends[first - 1] if first else 0
            stop = max(int(np.searchsorted(ends, done + _ROWS_AT_ONCE, side="right")), first + 1)
            which, length = self.unsettled[first:stop], lengths[first:stop]
            starts = np.cumsum(length) - length
            rows = np.arange(int(length.sum())) + np.repeat(self.settled[which] - starts, length)
            known = self.of_rows(self.events.known, rows)
            yield which, rows, starts, known <= np.repeat(self.by[which], length)
            first = stop


def _counts(spans: Sequence[_Span]) -> Ints:
    return functools.reduce(np.add, (span.counts() for span in spans))


def _sums(spans: Sequence[_Span]) -> Floats:
    return functools.reduce(np.add, (span.sums(span.values, span.running) for span in spans))


def _sums_of(spans: Sequence[_Span], of: Callable[[Floats], Floats]) -> Floats:
    """The sums of a function of the values."""
    made = [of(span.values) for span in spans]
    return functools.reduce(
        np.add, (s.sums(values, running_sums(values)) for s, values in zip(spans, made, strict=True))
    )


def _range_maxima(values: Floats, low: Ints, high: Ints) -> Floats:
    """The greatest value of each range, minus infinity for an empty one."""
    found = np.full(len(low), -np.inf)
    length = high - low
    level = np.frexp(length.astype(np.float64))[1] - 1
    table, step = values, 1
    for j in range(int(level.max(initial=-1)) + 1):
        which = np.flatnonzero(level == j)
        found[which] = np.maximum(table[low[which]], table[high[which] - step])
        table, step = np.maximum(table[:-step], table[step:]), 2 * step
    return found


def _extreme(spans: Sequence[_Span], *, largest: bool) -> tuple[Floats, Bools]:
    sign = 1.0 if largest else -1.0
    found = np.max([span.largest(sign * span.values) for span in spans], axis=0)
    there = np.isfinite(found)
    return np.where(there, sign * found, 0.0), there


def _deviation(spans: Sequence[_Span]) -> tuple[Floats, Bools]:
    """Sample standard deviations, from sums about the mean of all; again from single rows where those cancel out."""
    n = _counts(spans)
    everything = np.concatenate([span.values for span in spans])
    centre = float(everything.mean()) if len(everything) else 0.0
    first = _sums_of(spans, lambda values: values - centre)
    second = _sums_of(spans, lambda values: (values - centre) ** 2)
    there = n >= 2
    squares = second - first**2 / np.maximum(n, 1)
    again = np.flatnonzero(there & (squares <= _CANCELLED * second))
    if len(again):
        squares[again] = _squares_singly([span.whole(again) for span in spans], n[again])
    return np.sqrt(squares.clip(0.0) / np.maximum(n - 1, 1)), there


def _squares_singly(spans: Sequence[_Span], n: Ints) -> Floats:
    """The sum of squared differences from each range's own mean, in two passes; exactly 0 where all are equal."""
    means = _sums(spans) / n
    squares = functools.reduce(np.add, (span.squares_about(means) for span in spans))
    high, _ = _extreme(spans, largest=True)
    low, _ = _extreme(spans, largest=False)
    return np.where(high == low, 0.0, squares)


def _latest(spans: Sequence[_Span]) -> tuple[Floats, Bools]:
    """The value of the greatest (event time, known at, value) of all spans."""
    best = functools.reduce(_later, (_latest_of(span) for span in spans))
    return best[2], best[0] > _NEVER


def _latest_of(span: _Span) -> tuple[Ints, Ints, Floats]:
    row = span.last_rows()
    at, known, value = np.full(len(row), _NEVER), np.full(len(row), _NEVER), np.zeros(len(row))
    there = np.flatnonzero(row >= 0)
    if len(there):
        at[there] = span.of_rows(span.events.at, row[there])
        known[there] = span.of_rows(span.events.known, row[there])
        value[there] = _greatest_of_ties(span)[row[there]]
    return at, known, value


def _later(a: tuple[Ints, Ints, Floats], b: tuple[Ints, Ints, Floats]) -> tuple[Ints, Ints, Floats]:
    second = (b[0] > a[0]) | ((b[0] == a[0]) & ((b[1] > a[1]) | ((b[1] == a[1]) & (b[2] > a[2]))))
    return np.where(second, b[0], a[0]), np.where(second, b[1], a[1]), np.where(second, b[2], a[2])


def _greatest_of_ties(span: _Span) -> Floats:
    """The values, those of one entity, event time and known at replaced by their greatest.

    No range begins or ends inside such a run, as its rows are in a window, and are known, together or not at all.
    """
    every = slice(None)
    keys, known = span.of_rows(span.events.keys, every), span.of_rows(span.events.known, every)
    begins = np.concatenate([[True], (keys[1:] != keys[:-1]) | (known[1:] != known[:-1])])
    if begins.all():
        return span.values
    starts = np.flatnonzero(begins)
    lengths = np.diff(np.append(starts, len(keys)))
    return np.repeat(np.maximum.reduceat(span.values, starts), lengths)
