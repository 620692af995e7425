"""Where an endpoint puts what it did: rows for the request log, figures for whoever watches."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from loopwright.core.clock import Micros


class ArmLabel(msgspec.Struct, frozen=True, kw_only=True):
    """Whose figures they are; made once an arm, not once a request. `arm` is empty for a request that met no arm."""

    endpoint: str
    release: str | None
    arm: str
    version: str


class RequestSink(Protocol):
    """The request log."""

    def append(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Keep rows, with one write, and return once they survive a kill of the process.

        Raises:
            NoSpaceError, NoPermissionError: They could not be kept; the requests are then not answered.
        """


class Observer(Protocol):
    """Counts what happens. Must not raise, must not wait."""

    def answered(self, label: ArmLabel, at: Micros, latency_s: float) -> None:
        """A request received at `at` was answered by an arm."""

    def failed(self, label: ArmLabel, at: Micros, cause: str) -> None:
        """An arm failed a request that another one may have answered, or a request was refused."""

    def batched(self, endpoint: str, records: int) -> None:
        """A batch of records went to a model."""

    def features_read(self, endpoint: str, seconds: float) -> None:
        """The features of a batch were read."""


class Observers:
    """Tells several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def answered(self, label: ArmLabel, at: Micros, latency_s: float) -> None:
        for observer in self._observers:
            observer.answered(label, at, latency_s)

    def failed(self, label: ArmLabel, at: Micros, cause: str) -> None:
        for observer in self._observers:
            observer.failed(label, at, cause)

    def batched(self, endpoint: str, records: int) -> None:
        for observer in self._observers:
            observer.batched(endpoint, records)

    def features_read(self, endpoint: str, seconds: float) -> None:
        for observer in self._observers:
            observer.features_read(endpoint, seconds)
