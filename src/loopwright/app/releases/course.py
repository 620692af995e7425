"""How a release went, look by look, thinned: what its report draws. Nothing is decided by it."""

from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.store.ledger import Record

KIND = "release_course"
MOST_POINTS = 300


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """One look.

    Attributes:
        at: When.
        shares: Each arm's share of the traffic, by name.
        requests: Of the arms on trial, until then.
        labels: Compared until then.
        harm: Evidence of harm by guard, as a p-value.
        safe: Evidence that harm is ruled out by guard, as a p-value.
        value: The guard's figure.
    """

    at: Micros
    shares: dict[str, float]
    requests: int
    labels: int
    harm: dict[str, float] = {}
    safe: dict[str, float] = {}
    value: dict[str, float] = {}


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a record of kind `release_course`: at most `MOST_POINTS` looks, at least `every` apart."""

    release: str
    every: Micros = SECOND
    points: tuple[Point, ...] = ()

    def due(self, at: Micros) -> bool:
        """Whether a look at this time is to be kept."""
        return not self.points or at - self.points[-1].at >= self.every

    def with_point(self, point: Point) -> "Course":
        """The same with one more look; where there are too many, every other one is dropped from then on."""
        points, every = (*self.points, point), self.every
        if len(points) > MOST_POINTS:
            points, every = (*points[:-1:2], point), 2 * every
        return Course(release=self.release, every=every, points=points)

    def record(self) -> Record:
        """The record as it is written."""
        at = self.points[-1].at if self.points else 0
        return Record(kind=KIND, id=self.release, data=msgspec.to_builtins(self), at=at)


def course_of(workspace: Workspace, release: str) -> Course:
    """A release's course so far."""
    record = workspace.stores.ledger.record(KIND, release)
    return msgspec.convert(record.data, Course) if record else Course(release=release)


def evidence_in(verdicts: tuple[dict[str, Any], ...]) -> dict[str, dict[str, float]]:
    """`harm`, `safe` and `value` by guard, of verdicts as they are stored; what a guard does not know is left out."""
    found: dict[str, dict[str, float]] = {"harm": {}, "safe": {}, "value": {}}
    for verdict in verdicts:
        details = verdict.get("details") or {}
        for name, value in (
            ("harm", details.get("p_over")),
            ("safe", details.get("p_under")),
            ("value", verdict.get("value")),
        ):
            if value is not None:
                found[name][str(verdict["check"])] = float(value)
    return found
