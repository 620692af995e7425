"""From records that were asked to what a model takes: the door, then features joined by entity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from loopwright.core.clock import Micros
from loopwright.serving.door import Door, Row

Asked = tuple[Mapping[str, Any], Micros]
_NONE: Mapping[str, Any] = {}


class FeatureReader(Protocol):
    """Reads the online values of one model's feature views."""

    def read(self, requests: Sequence[Asked], *, known_at: Micros) -> Sequence[Mapping[str, Any]]:
        """Feature values of n requests (the record, the event time) as known at `known_at`; null where none."""


class NoFeatures:
    """For a model without feature views."""

    def read(self, requests: Sequence[Asked], *, known_at: Micros) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002
        return [_NONE for _ in requests]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """n checked records with their features, for one version.

    Attributes:
        rows: The records.
        joined: The n records' feature values from views, as they were read.
        event_times: The n event times, in microseconds.
    """

    rows: Sequence[Row]
    joined: Sequence[Mapping[str, Any]]
    event_times: Sequence[Micros]


class Intake:
    """One version's way in: its contract and its feature views.

    Attributes:
        door: The contract.
        joins: Whether the version has feature views.
    """

    def __init__(self, door: Door, features: FeatureReader) -> None:
        self.door = door
        self.joins = not isinstance(features, NoFeatures)
        self._features = features

    def prepare(self, rows: Sequence[Row], received_at: Sequence[Micros]) -> Prepared:
        """Read the features of n records.

        Args:
            rows: Records that passed this intake's door.
            received_at: The workspace's time of receipt of each: what is known then, and the event time of a record
                without one.
        """
        times: Sequence[Micros] = received_at
        if self.door.signature.event_time is not None:
            times = [self.door.event_time(row, at) for row, at in zip(rows, received_at, strict=True)]
        if not self.joins:
            return Prepared(rows=rows, joined=[_NONE] * len(rows), event_times=times)
        asked = [(row.values, at) for row, at in zip(rows, times, strict=True)]
        return Prepared(rows=rows, joined=self._read(asked, received_at), event_times=times)

    def matrix(self, prepared: Prepared) -> np.ndarray:
        """What the model takes as one matrix: (n, k) float64; see `MatrixForm.of`."""
        return self.door.matrix(prepared.rows, prepared.joined)

    def columns(self, prepared: Prepared) -> dict[str, np.ndarray]:
        """What the model takes by name: (n,) each, in the order of the signature's features."""
        return self.door.columns([row.values for row in prepared.rows], prepared.joined)

    def _read(self, asked: Sequence[Asked], received_at: Sequence[Micros]) -> Sequence[Mapping[str, Any]]:
        """One read for each instant of receipt: a batch has one, unless a replay sets the clock request by request."""
        if len(set(received_at)) == 1:
            return self._features.read(asked, known_at=received_at[0])
        return [self._features.read([one], known_at=at)[0] for one, at in zip(asked, received_at, strict=True)]
