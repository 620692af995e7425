"""What a feature view is: named aggregates of a dataset's rows over windows of time, per entity.

The definition travels in a model's bundle as JSON, so that training, serving and the parity check compute the same.
"""

from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any, Literal, Protocol

import msgspec

from loopwright.core.clock import Micros, parse_duration
from loopwright.core.hashing import Digest, digest_value
from loopwright.errors import UsageError

AggregateKind = Literal["mean", "count", "sum", "min", "max", "std", "last"]
KNOWN_AT = "_known_at"
"""The column of a source frame that says when each row became known (Int64 microseconds)."""
_FORMAT = 1


class Source(Protocol):
    """What a view needs of a dataset: its name and the column of its event time."""

    @property
    def name(self) -> str: ...

    @property
    def event_time(self) -> str | None: ...


class SourceName(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset by name alone, as a stored view knows it."""

    name: str
    event_time: str | None


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """One aggregate over the half-open window `[at - over, at)` of event time.

    Null and non-finite values are left out. `count` and `sum` of nothing are 0; any other aggregate of nothing is null;
    `std` is the sample standard deviation, null under two values. `last` is the value of the latest event time; of rows
    with the same event time the one known latest counts, and of those the greatest value.

    Attributes:
        kind: What is computed.
        column: The column aggregated; None only for a count of rows.
        over: Length of the window in microseconds.
    """

    kind: AggregateKind
    column: str | None
    over: Micros

    def __post_init__(self) -> None:
        if self.over <= 0:
            raise UsageError(f"the window of {self.kind}() must be longer than nothing", why=f"it is {self.over} µs")
        if self.column is None and self.kind != "count":
            raise UsageError(f"{self.kind}() needs a column", fix=f'Write {self.kind}("column", …).')
        if self.column is not None and (not isinstance(self.column, str) or not self.column):
            raise UsageError(f"{self.kind}({self.column!r}) does not name a column")


def mean(column: str, over: str) -> Aggregate:
    """The arithmetic mean, null over nothing."""
    return _aggregate("mean", column, over)


def count(column: str | None = None, *, over: str) -> Aggregate:
    """How many rows, or how many values of `column` that are not null."""
    return _aggregate("count", column, over)


def total(column: str, over: str) -> Aggregate:
    """The sum, 0 over nothing."""
    return _aggregate("sum", column, over)


def minimum(column: str, over: str) -> Aggregate:
    """The least value, null over nothing."""
    return _aggregate("min", column, over)


def maximum(column: str, over: str) -> Aggregate:
    """The greatest value, null over nothing."""
    return _aggregate("max", column, over)


def deviation(column: str, over: str) -> Aggregate:
    """The sample standard deviation, null under two values."""
    return _aggregate("std", column, over)


def last(column: str, within: str) -> Aggregate:
    """The latest value that is not null, null if there is none within the window."""
    return _aggregate("last", column, within)


@dataclass(frozen=True, slots=True, eq=False)
class FeatureView:
    """Named aggregates of one dataset's rows, per entity.

    Args:
        name: Unique within a loop.
        source: The dataset the rows come from; it must declare its event time.
        entity: The column or columns, of the same name in the source and in the rows that features are joined to, whose
            values say which rows belong together. Rows where one of them is null belong to no entity.
        features: Aggregates by the name of the feature's column.

    Raises:
        UsageError: The declaration is not one; the message names what to change.
    """

    name: str
    _: KW_ONLY
    source: Source
    entity: str | tuple[str, ...]
    features: Mapping[str, Aggregate]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise UsageError(f"a feature view's name is text, not {self.name!r}")
        if not isinstance(getattr(self.source, "name", None), str):
            raise UsageError(f"the source of feature view {self.name!r} is not a dataset: {self.source!r}")
        if not self.source.event_time:
            raise UsageError(
                f"feature view {self.name!r} needs the event time of dataset {self.source.name!r}",
                why="its windows go by event time",
                fix=f"Declare event_time= on dataset {self.source.name!r}.",
            )
        entity = (self.entity,) if isinstance(self.entity, str) else tuple(self.entity)
        if not entity or len(set(entity)) != len(entity) or not all(isinstance(e, str) and e for e in entity):
            raise UsageError(f"feature view {self.name!r} needs one or more different entity columns, not {entity!r}")
        object.__setattr__(self, "entity", entity)
        object.__setattr__(self, "features", dict(self.features))
        self._check_features()

    def _check_features(self) -> None:
        if not self.features:
            raise UsageError(f"feature view {self.name!r} has no features")
        for name, aggregate in self.features.items():
            if not isinstance(aggregate, Aggregate):
                raise UsageError(
                    f"feature {name!r} of view {self.name!r} is not an aggregate but {aggregate!r}",
                    fix='Write, for example, lw.mean("column", over="1h").',
                )
            if not isinstance(name, str) or not name or name in self.entities or name.startswith("_"):
                raise UsageError(
                    f"feature view {self.name!r} cannot name a feature {name!r}",
                    why="a feature's name is not empty, does not start with _ and is no entity column",
                )

    @property
    def entities(self) -> tuple[str, ...]:
        """The entity columns."""
        return (self.entity,) if isinstance(self.entity, str) else self.entity

    @property
    def event_time(self) -> str:
        """The source's column of event time."""
        return str(self.source.event_time)

    @property
    def columns(self) -> tuple[str, ...]:
        """The source's columns that are aggregated, sorted."""
        return tuple(sorted({a.column for a in self.features.values() if a.column is not None}))

    @property
    def horizon(self) -> Micros:
        """The longest window, in microseconds."""
        return max(aggregate.over for aggregate in self.features.values())

    def to_json(self) -> dict[str, Any]:
        """The definition as plain JSON values, which `from_json` reads back."""
        return {
            "format": _FORMAT,
            "name": self.name,
            "source": self.source.name,
            "event_time": self.event_time,
            "entity": list(self.entities),
            "features": {name: msgspec.to_builtins(aggregate) for name, aggregate in self.features.items()},
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "FeatureView":
        """The view that `to_json` described.

        Raises:
            UsageError: The value is no view, or one of a newer format.
        """
        if value.get("format") != _FORMAT:
            raise UsageError(
                f"a feature view of format {value.get('format')!r} cannot be read",
                why=f"this version reads {_FORMAT}",
                fix="Upgrade loopwright to the version that wrote the model, or newer.",
            )
        try:
            return cls(
                value["name"],
                source=SourceName(name=value["source"], event_time=value["event_time"]),
                entity=tuple(value["entity"]),
                features=msgspec.convert(value["features"], dict[str, Aggregate]),
            )
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise UsageError("a stored feature view is damaged", why=str(error)) from error

    def digest(self) -> Digest:
        """The digest of the definition: equal for views that compute the same features under the same names."""
        return digest_value(self.to_json())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FeatureView) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash(self.digest())


def _aggregate(kind: AggregateKind, column: str | None, over: str) -> Aggregate:
    try:
        length = parse_duration(over)
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"{kind}() has a window of {over!r}, which is not a duration",
            fix="Write a duration such as 90s, 1h or 30d.",
        ) from error
    return Aggregate(kind=kind, column=column, over=length)
