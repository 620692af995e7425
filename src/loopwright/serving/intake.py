"""From records that were asked to columns that a model takes: the door, then features joined by entity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from loopwright.core.clock import Micros
from loopwright.serving.door import Checked, Door

Asked = tuple[Mapping[str, Any], Micros]


class FeatureReader(Protocol):
    """Reads the online values of one model's feature views."""

    def read(self, requests: Sequence[Asked], *, known_at: Micros) -> Sequence[Mapping[str, Any]]:
        """Feature values of n requests (the record, the event time) as known at `known_at`; null where none."""


class NoFeatures:
    """For a model without feature views."""

    def read(self, requests: Sequence[Asked], *, known_at: Micros) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        return [{} for _ in requests]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """n checked records, ready for one version.

    Attributes:
        columns: Name → (n,), in the order of the signature's features.
        joined: The n records' feature values from views, as they were read.
        event_times: The n event times, in microseconds.
    """

    columns: dict[str, np.ndarray]
    joined: Sequence[Mapping[str, Any]]
    event_times: list[Micros]


class Intake:
    """One version's way in: its contract and its feature views."""

    def __init__(self, door: Door, features: FeatureReader) -> None:
        self.door = door
        self._features = features

    def prepare(self, rows: Sequence[Checked], received_at: Sequence[Micros]) -> Prepared:
        """Read the features of n records and lay out the columns.

        Args:
            rows: Records that passed this intake's door.
            received_at: The workspace's time of receipt of each: what is known then, and the event time of a record
                without one.
        """
        values = [row.values for row in rows]
        times = [self.door.event_time(row, at) for row, at in zip(values, received_at, strict=True)]
        joined = self._read(list(zip(values, times, strict=True)), received_at)
        return Prepared(columns=self.door.columns(values, joined), joined=joined, event_times=times)

    def _read(self, asked: Sequence[Asked], received_at: Sequence[Micros]) -> Sequence[Mapping[str, Any]]:
        """One read for each instant of receipt: a batch has one, unless a replay sets the clock request by request."""
        if len(set(received_at)) == 1:
            return self._features.read(asked, known_at=received_at[0])
        return [self._features.read([one], known_at=at)[0] for one, at in zip(asked, received_at, strict=True)]
