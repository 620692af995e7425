"""Where an endpoint puts what it did: rows for the request log, figures for whoever watches."""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from loopwright.core.clock import Micros
from loopwright.observations.request_log import RequestRow


class ArmLabel(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """Whose figures they are; made once an arm, not once a request. `arm` is empty for a request that met no arm."""

    endpoint: str
    release: str | None
    arm: str
    version: str


class RequestSink(Protocol):
    """The request log. A wrapper of it (sampling, redaction, what to do on a full disk) has the same form."""

    def append(self, rows: Sequence[RequestRow]) -> None:
        """Keep rows, with one write, and return once they survive a kill of the process.

        Raises:
            NoSpaceError, NoPermissionError: They could not be kept; the requests are then not answered.
        """


class Observer(Protocol):
    """Counts what happens, a batch at a time. Must not raise, must not wait."""

    def answered(self, label: ArmLabel, at: Micros, latencies_s: Sequence[float]) -> None:
        """Requests that were received in the second of `at` were answered by an arm, each after so many seconds."""

    def failed(self, label: ArmLabel, at: Micros, cause: str) -> None:
        """An arm failed a request that another one may have answered, or a request was refused."""

    def batched(self, endpoint: str, records: int) -> None:
        """A batch of records went to a model."""

    def queued(self, endpoint: str, waits_s: Sequence[float]) -> None:
        """The requests of a batch had waited so many seconds each, from their receipt, when it was begun."""

    def features_read(self, endpoint: str, seconds: float) -> None:
        """The features of a batch were read; called for models with feature views only."""

    def bytes_seen(self, endpoint: str, received: int, sent: int) -> None:
        """So many bytes of bodies came in with the requests of a batch, and so many went out with its answers."""

    def shadow_dropped(self, label: ArmLabel, requests: int) -> None:
        """Copies of so many requests were not given to a shadow, because it is behind or gone."""


class Traffic:
    """Bytes of one endpoint of which its observer is told with its next batch: two additions a request."""

    __slots__ = ("received", "sent")

    def __init__(self) -> None:
        self.received = 0
        self.sent = 0


class Observers:
    """Tells several observers."""

    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    def answered(self, label: ArmLabel, at: Micros, latencies_s: Sequence[float]) -> None:
        for observer in self._observers:
            observer.answered(label, at, latencies_s)

    def failed(self, label: ArmLabel, at: Micros, cause: str) -> None:
        for observer in self._observers:
            observer.failed(label, at, cause)

    def batched(self, endpoint: str, records: int) -> None:
        for observer in self._observers:
            observer.batched(endpoint, records)

    def queued(self, endpoint: str, waits_s: Sequence[float]) -> None:
        for observer in self._observers:
            observer.queued(endpoint, waits_s)

    def features_read(self, endpoint: str, seconds: float) -> None:
        for observer in self._observers:
            observer.features_read(endpoint, seconds)

    def bytes_seen(self, endpoint: str, received: int, sent: int) -> None:
        for observer in self._observers:
            observer.bytes_seen(endpoint, received, sent)

    def shadow_dropped(self, label: ArmLabel, requests: int) -> None:
        for observer in self._observers:
            observer.shadow_dropped(label, requests)
