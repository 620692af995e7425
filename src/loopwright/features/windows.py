"""Which rows of history a window covers: those with `at - over <= event time < at` that were known by then.

Rows are grouped by entity and sorted by event time once. Each question is then three positions in that order: the rows
`[low, settled)` are in the window and all known; of the rows `[settled, high)` some may have become known too late and
are looked at one by one. Where nothing is late, `settled == high`, and a window costs the same whatever its length.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from loopwright.core.clock import SECOND, Micros
from loopwright.features.columns import Column, Floats, Ints, column

_LARGEST_KEY = 2**62
_PROMPT_SHARE = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Rows of one source: `(n_rows,)` arrays sorted by entity, event time and the time each became known."""

    order: "EntityOrder"
    keys: Ints
    entity: Ints
    at: Ints
    known: Ints
    columns: Mapping[str, Column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """For which entity, at which event time, knowing what by when: `(n,)` arrays sorted by entity and event time.

    An entity of -1 has no rows.
    """

    entity: Ints
    at: Ints
    known: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """The rows of each window as `(n,)` positions: `[low, settled)` all known, `[settled, high)` to be looked at."""

    low: Ints
    settled: Ints
    high: Ints


class EntityOrder:
    """Orders rows by entity and then by a value, as one combined integer a row: a position is then one binary search.

    Where entities times the span of values do not fit into 62 bits, values enter by their rank.
    """

    def __init__(self, entity: Ints, value: Ints) -> None:
        self._first = int(value.min()) if len(value) else 0
        self._span = (int(value.max()) - self._first if len(value) else 0) + 2
        entities = int(entity.max()) + 2 if len(entity) else 1
        self._distinct: Ints | None = None
        if entities > _LARGEST_KEY // self._span:
            self._distinct = np.unique(value)
            self._span = len(self._distinct) + 1

    def keys(self, entity: Ints, value: Ints) -> Ints:
        """The combined integer of each row or question: ordered as (entity, value) is.

        Of a question whose value is no row's, the integer lies after every lesser row and not after any greater one.
        """
        if self._distinct is None:
            offset = np.clip(value - self._first, 0, self._span - 1)
        else:
            offset = np.searchsorted(self._distinct, value, side="left").astype(np.int64)
        return entity * self._span + offset


def group(entity: Ints, at: Ints, known: Ints, *, columns: Mapping[str, Floats]) -> tuple[Events, ...]:
    """Rows as one or two sorted groups: rows known promptly, and the few known much later than the others.

    One straggler would otherwise make every row after it look unsettled until the straggler is known.

    Args:
        entity: `(n_rows,)` codes from 0; rows of entity -1 are left out.
        at: `(n_rows,)` event times in microseconds.
        known: `(n_rows,)` when each row became known, in microseconds.
        columns: `(n_rows,)` values by column; what is not finite is no value.
    """
    here = entity >= 0
    if not here.all():
        entity, at, known = entity[here], at[here], known[here]
        columns = {name: values[here] for name, values in columns.items()}
    delay = known - at
    if not len(delay) or delay.max() <= 0:
        return (_sorted_events(entity, at, known, columns=columns),)
    straggling = delay > max(4 * int(np.quantile(delay, _PROMPT_SHARE)), SECOND)
    if not straggling.any():
        return (_sorted_events(entity, at, known, columns=columns),)
    parts = (~straggling, straggling)
    return tuple(
        _sorted_events(
            entity[part], at[part], known[part], columns={name: values[part] for name, values in columns.items()}
        )
        for part in parts
    )


def ranges(events: Events, questions: Questions, windows: Sequence[Micros]) -> dict[Micros, Ranges]:
    """The rows of each question's window, by the window's length in microseconds."""
    high = _first_row(events, questions, 0)
    lows = {over: _first_row(events, questions, over) for over in windows}
    settled = _settled(events, questions, high)
    return {
        over: Ranges(
            low=low, settled=high if settled is high else np.minimum(np.maximum(settled, low), high), high=high
        )
        for over, low in lows.items()
    }


def _first_row(events: Events, questions: Questions, over: Micros) -> Ints:
    """`(n,)`: the first row of the entity at or after the question's time less `over`, or the end of its rows."""
    wanted = events.order.keys(questions.entity, questions.at - over)
    return np.searchsorted(events.keys, wanted, side="left").astype(np.int64, copy=False)


def _settled(events: Events, questions: Questions, high: Ints) -> Ints:
    """The first row of the entity that was not known in time, or that lies behind such a row; `high` if none can be."""
    if not len(events.at) or not len(questions.at):
        return high
    prompt = bool((events.known <= events.at).all()) and bool((questions.known >= questions.at).all())
    if prompt or events.known.max() <= questions.known.min():
        return high
    distinct, rank = np.unique(events.known, return_inverse=True)
    span = len(distinct) + 1
    latest = np.maximum.accumulate(events.entity * span + rank)
    known = np.searchsorted(distinct, questions.known, side="right")
    return np.searchsorted(latest, questions.entity * span + known, side="left").astype(np.int64)


def _sorted_events(entity: Ints, at: Ints, known: Ints, *, columns: Mapping[str, Floats]) -> Events:
    order = EntityOrder(entity, at)
    keys = order.keys(entity, at)
    if not (keys[1:] >= keys[:-1]).all():
        by = np.argsort(keys, kind="stable")
        keys, entity, at, known = keys[by], entity[by], at[by], known[by]
        columns = {name: values[by] for name, values in columns.items()}
    if ((keys[1:] == keys[:-1]) & (known[1:] < known[:-1])).any():
        by = np.lexsort((known, keys))
        known = known[by]
        columns = {name: values[by] for name, values in columns.items()}
    kept = {name: column(values) for name, values in columns.items()}
    return Events(order=order, keys=keys, entity=entity, at=at, known=known, columns=kept)
