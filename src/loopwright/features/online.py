"""Features while serving: the recent rows of each entity in the key-value store, aggregated at the request's time.

What lies in the store are rows, not aggregates, so that an answer obeys the same definition as the join over history: a
window moves with every request, and a row that comes late, twice or out of order finds its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from loopwright.core.clock import Micros, micros, parse_duration, to_datetime
from loopwright.core.codec import canonical
from loopwright.core.hashing import digest_value
from loopwright.errors import MissingColumnError, StoreBusyError, UsageError
from loopwright.features.recent import NEVER, Answering, Recent, decode
from loopwright.features.view import FeatureView
from loopwright.store.kv import KeyValues

Features = dict[str, float | int | None]
_ATTEMPTS = 1_000
_ENTITIES_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """What is kept of a source's rows for one view: views that need the same rows share them."""

    source: str
    event_time: str
    entity: tuple[str, ...]
    columns: tuple[str, ...]
    horizon: Micros

    @classmethod
    def of(cls, view: FeatureView) -> "Layout":
        return cls(
            source=view.source.name,
            event_time=view.event_time,
            entity=view.entities,
            columns=view.columns,
            horizon=view.horizon,
        )

    @property
    def prefix(self) -> str:
        """How the keys of this layout's entities begin."""
        named = [self.source, self.event_time, self.entity, self.columns, self.horizon]
        return f"features/{self.source}/{digest_value(named)[:16]}/"


class OnlineFeatures:
    """Keeps and answers the features of some views. Safe from several threads and processes on one key-value store.

    Args:
        kv: Where the rows of each entity lie.
        views: The views kept and answered. To be answered together, their features must have different names.
        grace: For how long beyond the longest window a row is kept, counted back from the time of the latest push: a
            request may lie that far in the past, or a push run that far ahead of it.
        most_rows: How many rows of one entity are kept; an entity with more loses its oldest, and a window that would
            need those is answered with null.
    """

    def __init__(
        self, kv: KeyValues, views: Sequence[FeatureView], *, grace: str = "6h", most_rows: int = 100_000
    ) -> None:
        self._kv = kv
        self._views = tuple(views)
        self._grace = parse_duration(grace)
        self._most_rows = most_rows
        self._layouts = tuple(dict.fromkeys(Layout.of(view) for view in views))
        self._prefixes = {layout: layout.prefix for layout in self._layouts}
        self._asked = tuple((view, Layout.of(view)) for view in views)
        names = [name for view in views for name in view.features]
        self._twice = sorted({name for name in names if names.count(name) > 1})
        self._cache: dict[str, tuple[bytes, Answering]] = {}

    @property
    def layouts(self) -> tuple[Layout, ...]:
        """What is kept, once for views that share it."""
        return self._layouts

    @property
    def sources(self) -> tuple[str, ...]:
        """Datasets whose rows must be pushed, sorted."""
        return tuple(sorted({layout.source for layout in self._layouts}))

    def keep(self, layout: Layout) -> Micros:
        """How far back from the latest push rows are kept, in microseconds."""
        return layout.horizon + self._grace

    def push(
        self, source: str, rows: Sequence[Mapping[str, Any]], *, known_at: Micros, row_id: str | None = None
    ) -> int:
        """Take in rows of a dataset that became known now.

        Args:
            source: The dataset's name; one that no view reads is no error.
            rows: Each with the entity columns, the aggregated columns (a number, a boolean or None) and the event time
                (microseconds, a datetime, or ISO 8601 text).
            known_at: When they became known.
            row_id: The column that identifies a row. A row that is there already changes nothing when it comes again;
                with other values it replaces the earlier one. Without it, a row pushed twice counts twice.

        Returns:
            How many entities' rows changed.

        Raises:
            MissingColumnError: A row lacks a column.
            UsageError: A value is no number, or an event time no time. Nothing has been written.
        """
        return self.merge(self.changes(source, rows, known_at=known_at, row_id=row_id), as_of=known_at)

    def changes(
        self, source: str, rows: Sequence[Mapping[str, Any]], *, known_at: Micros, row_id: str | None = None
    ) -> dict[str, tuple[Layout, Recent]]:
        """What `push` would merge, by key. Nothing is written; takes and raises as `push`."""
        found: dict[str, tuple[Layout, Recent]] = {}
        for layout in self._layouts:
            if layout.source == source:
                grouped = _by_entity(layout, rows, row_id)
                for entity, own in grouped.items():
                    found[self._prefixes[layout] + entity] = (layout, _recent(layout, own, known_at))
        return found

    def merge(self, changes: Mapping[str, tuple[Layout, Recent]], *, as_of: Micros) -> int:
        """Merge rows into those of their entities by key; returns how many entities' rows changed."""
        pending, changed = dict(changes), 0
        for _ in range(_ATTEMPTS):
            if not pending:
                return changed
            found = self._kv.get_many(list(pending))
            for key, (layout, rows) in list(pending.items()):
                before = found.get(key)
                after = rows if before is None else decode(before).merged(rows)
                data = after.trimmed(as_of - self.keep(layout), self._most_rows).encode()
                if data == before:
                    del pending[key]
                elif self._kv.compare_and_set(key, before, data):
                    del pending[key]
                    changed += 1
        raise StoreBusyError(
            "rows pushed for online features could not be stored",
            why="other writers changed the same entities each time",
        )

    def replace(self, layout: Layout, rows: Mapping[str, tuple[Layout, Recent]], *, as_of: Micros) -> None:
        """Put rows by key in place of all that a layout has; other entities have none. Nobody may push meanwhile."""
        kept = {key: own.trimmed(as_of - self.keep(layout), self._most_rows) for key, (_, own) in rows.items()}
        self._kv.put_many({key: own.encode() for key, own in kept.items()})
        gone = [key for key in self._kv.keys(self._prefixes[layout]) if key not in kept]
        if gone:
            self._kv.delete_many(gone)

    def read(self, requests: Sequence[tuple[Mapping[str, Any], Micros]], known_at: Micros) -> list[Features]:
        """The features of each request, in the order of the views.

        Args:
            requests: Each with the values of the entity columns (more may be there) and the event time.
            known_at: Rows that became known later are left out.

        Returns:
            By request, features by name: None where the join over history has null, and where rows that the window
            needs have been dropped.

        Raises:
            UsageError: Two views have a feature of the same name.
        """
        if self._twice:
            raise UsageError(f"two views have a feature of the same name: {self._twice}")
        keys = [
            [self._key(layout, record) for _, layout in self._asked]
            for record, _ in requests
        ]  # fmt: skip
        found = self._kv.get_many(list({key for of_request in keys for key in of_request if key is not None}))
        answers: list[Features] = []
        for (_, at), of_request in zip(requests, keys, strict=True):
            features: Features = {}
            for (view, layout), key in zip(self._asked, of_request, strict=True):
                if key is None:
                    features.update(dict.fromkeys(view.features))
                    continue
                rows = self._answering(key, found.get(key), layout)
                features.update(rows.known_by(known_at).features(view.features, at))
            answers.append(features)
        return answers

    def _key(self, layout: Layout, record: Mapping[str, Any]) -> str | None:
        entity = _entity_text(layout, record)
        return None if entity is None else self._prefixes[layout] + entity

    def _answering(self, key: str, data: bytes | None, layout: Layout) -> Answering:
        if data is None:
            return Answering(_nothing(layout), layout.columns)
        cached = self._cache.get(key)
        if cached is not None and cached[0] == data:
            return cached[1]
        answering = Answering(decode(data), layout.columns)
        if len(self._cache) >= _ENTITIES_REMEMBERED:
            self._cache.clear()
        self._cache[key] = (data, answering)
        return answering


def entity_text(values: Sequence[Any]) -> str | None:
    """The entity as it stands in a key; None where one of its values is null. 1 and 1.0 are one entity."""
    plain = []
    for value in values:
        if value is None:
            return None
        if isinstance(value, float) and value.is_integer():
            plain.append(int(value))
        else:
            plain.append(value)
    return canonical(plain).decode()


def _entity_text(layout: Layout, record: Mapping[str, Any]) -> str | None:
    try:
        return entity_text([record[name] for name in layout.entity])
    except KeyError as error:
        raise MissingColumnError(
            f"a row has no column {error.args[0]!r}", why=f"it is the entity of features of {layout.source!r}"
        ) from error


def _by_entity(
    layout: Layout, rows: Sequence[Mapping[str, Any]], row_id: str | None
) -> dict[str, list[tuple[int, str, list[float]]]]:
    """Rows as (event time, id, values) by entity."""
    grouped: dict[str, list[tuple[int, str, list[float]]]] = {}
    for row in rows:
        entity = _entity_text(layout, row)
        missing = [c for c in (layout.event_time, *layout.columns, *((row_id,) if row_id else ())) if c not in row]
        if missing:
            raise MissingColumnError(f"a row pushed to {layout.source!r} has no column {missing[0]!r}")
        at = _instant(row[layout.event_time], layout)
        values = [_number(row[name], name, layout) for name in layout.columns]
        if entity is not None and at is not None:
            identity = "" if row_id is None or row[row_id] is None else str(row[row_id])
            grouped.setdefault(entity, []).append((at, identity, values))
    return grouped


def _recent(layout: Layout, rows: Sequence[tuple[int, str, list[float]]], known_at: Micros) -> Recent:
    """Rows of one entity that became known together; of several with one id, the last."""
    latest: dict[Any, tuple[int, str, list[float]]] = {row[1] or i: row for i, row in enumerate(rows)}
    ordered = sorted(latest.values(), key=lambda row: row[0])
    return Recent(
        complete_from=NEVER,
        at=np.array([row[0] for row in ordered], np.int64),
        known=np.full(len(ordered), known_at, np.int64),
        ids=tuple(row[1] for row in ordered),
        columns=tuple(np.array([row[2][c] for row in ordered]) for c in range(len(layout.columns))),
    )


def _nothing(layout: Layout) -> Recent:
    none = np.empty(0, np.int64)
    return Recent(complete_from=NEVER, at=none, known=none, ids=(), columns=tuple(np.empty(0) for _ in layout.columns))


def _instant(value: Any, layout: Layout) -> Micros | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return micros(value)
    try:
        if isinstance(value, int) and not isinstance(value, bool):
            return micros(to_datetime(value))  # one that is out of bounds is none
        return micros(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"the event time {value!r} of a row pushed to {layout.source!r} is no time",
            fix=f"Send {layout.event_time!r} as ISO 8601 text or as microseconds since 1970.",
        ) from error


def _number(value: Any, name: str, layout: Layout) -> float:
    if value is None:
        return float("nan")
    if isinstance(value, int | float | np.number | np.bool_):
        number = float(value)
        return number if np.isfinite(number) else float("nan")
    raise UsageError(f"column {name!r} of a row pushed to {layout.source!r} is no number but {value!r}")
