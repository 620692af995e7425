"""What one worker counts for Prometheus: plain numbers, moved once a batch, made into series when they are read."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import msgspec

from loopwright.core.clock import Micros
from loopwright.serving.observer import ArmLabel
from loopwright.web.metric_families import (
    BATCHES,
    FAILURES,
    FEATURES,
    LATENCY,
    QUEUED,
    RECEIVED,
    REQUESTS,
    SENT,
    SHADOW_DROPPED,
    Family,
)

_SHORT = 12
_Labels = tuple[str, ...]


class Count(msgspec.Struct, frozen=True):
    """One series of a counter or a gauge."""

    family: str
    labels: tuple[str, ...]
    value: float


class Distribution(msgspec.Struct, frozen=True):
    """One series of a histogram: how many values lay in each bucket (one more than there are bounds), and their sum."""

    family: str
    labels: tuple[str, ...]
    buckets: tuple[int, ...]
    sum: float


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """All series of one worker at one moment."""

    counts: tuple[Count, ...] = ()
    distributions: tuple[Distribution, ...] = ()


class Tally:
    """A counter's value."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0.0


class Buckets:
    """A histogram's counts."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def add(self, values: Iterable[float]) -> None:
        bounds, counts = self.bounds, self.counts
        for value in values:
            counts[bisect_left(bounds, value)] += 1
            self.sum += value


@dataclass(frozen=True, slots=True)
class _OfArm:
    requests: Tally
    latency: Buckets


@dataclass(frozen=True, slots=True)
class _OfEndpoint:
    batches: Buckets
    queued: Buckets
    received: Tally
    sent: Tally


class Metrics:
    """An observer of endpoints that counts. Lives on one event loop; a batch costs a few microseconds.

    Args:
        since: Where counting goes on from: what the worker of this name had counted before it was started again.
    """

    def __init__(self, since: Snapshot | None = None) -> None:
        self._tallies: dict[tuple[str, _Labels], Tally] = {}
        self._buckets: dict[tuple[str, _Labels], Buckets] = {}
        self._arms: dict[ArmLabel, _OfArm] = {}
        self._endpoints: dict[str, _OfEndpoint] = {}
        self._before = since or Snapshot()

    def answered(self, label: ArmLabel, at: Micros, latencies_s: Sequence[float]) -> None:  # noqa: ARG002 - the form
        of_arm = self._arms.get(label)
        if of_arm is None:
            labels = _labels(label)
            of_arm = self._arms[label] = _OfArm(self._tally(REQUESTS, labels), self._histogram(LATENCY, labels))
        of_arm.requests.value += len(latencies_s)
        of_arm.latency.add(latencies_s)

    def failed(self, label: ArmLabel, at: Micros, cause: str) -> None:  # noqa: ARG002 - the observer's form
        self._tally(FAILURES, (*_labels(label), cause)).value += 1

    def batched(self, endpoint: str, records: int) -> None:
        (self._endpoints.get(endpoint) or self._endpoint(endpoint)).batches.add((records,))

    def queued(self, endpoint: str, waits_s: Sequence[float]) -> None:
        (self._endpoints.get(endpoint) or self._endpoint(endpoint)).queued.add(waits_s)

    def features_read(self, endpoint: str, seconds: float) -> None:
        self._histogram(FEATURES, (endpoint,)).add((seconds,))

    def bytes_seen(self, endpoint: str, received: int, sent: int) -> None:
        of_endpoint = self._endpoints.get(endpoint) or self._endpoint(endpoint)
        of_endpoint.received.value += received
        of_endpoint.sent.value += sent

    def shadow_dropped(self, label: ArmLabel, requests: int) -> None:
        self._tally(SHADOW_DROPPED, _labels(label)).value += requests

    def count(self, family: Family, labels: _Labels, by: float) -> None:
        """Count by one series of a counter."""
        self._tally(family, labels).value += by

    def measure(self, family: Family, labels: _Labels, value: float) -> None:
        """Add a value to one series of a histogram."""
        self._histogram(family, labels).add((value,))

    def snapshot(self) -> Snapshot:
        """Everything that was counted, together with what was counted before this process."""
        counts = tuple(Count(*name, tally.value) for name, tally in self._tallies.items())
        distributions = tuple(Distribution(*name, tuple(b.counts), b.sum) for name, b in self._buckets.items())
        return added_up([self._before, Snapshot(counts=counts, distributions=distributions)])

    def _endpoint(self, name: str) -> _OfEndpoint:
        labels = (name,)
        made = self._endpoints[name] = _OfEndpoint(
            batches=self._histogram(BATCHES, labels), queued=self._histogram(QUEUED, labels),
            received=self._tally(RECEIVED, labels), sent=self._tally(SENT, labels),
        )  # fmt: skip
        return made

    def _tally(self, family: Family, labels: _Labels) -> Tally:
        name = (family.name, labels)
        found = self._tallies.get(name)
        if found is None:
            found = self._tallies[name] = Tally()
        return found

    def _histogram(self, family: Family, labels: _Labels) -> Buckets:
        name = (family.name, labels)
        found = self._buckets.get(name)
        if found is None:
            found = self._buckets[name] = Buckets(family.bounds)
        return found


def added_up(snapshots: Iterable[Snapshot]) -> Snapshot:
    """The sums of several workers' series. Pure. Histograms with other buckets than the first of their name are left
    out: an older version wrote them."""
    counts: dict[tuple[str, _Labels], float] = {}
    distributions: dict[tuple[str, _Labels], Distribution] = {}
    for snapshot in snapshots:
        for one in snapshot.counts:
            name = (one.family, one.labels)
            counts[name] = counts.get(name, 0.0) + one.value
        for other in snapshot.distributions:
            name = (other.family, other.labels)
            so_far = distributions.get(name)
            if so_far is None:
                distributions[name] = other
            elif len(so_far.buckets) == len(other.buckets):
                buckets = tuple(a + b for a, b in zip(so_far.buckets, other.buckets, strict=True))
                distributions[name] = Distribution(*name, buckets, so_far.sum + other.sum)
    return Snapshot(
        counts=tuple(Count(*name, value) for name, value in counts.items()),
        distributions=tuple(distributions.values()),
    )


def _labels(label: ArmLabel) -> _Labels:
    """An endpoint's versions are all of the model that has its name."""
    return (label.endpoint, label.endpoint, label.version[:_SHORT], label.arm)
