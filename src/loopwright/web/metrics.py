"""Figures for Prometheus: by endpoint, version and arm, so that arms can be compared."""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from loopwright.core.clock import Micros
from loopwright.serving.observer import ArmLabel

_ARM = ("endpoint", "version", "arm")
_SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_SHORT = 12


@dataclass(frozen=True, slots=True)
class _OfArm:
    requests: Counter
    latency: Histogram


class Metrics:
    """An observer of endpoints that counts for Prometheus."""

    content_type = CONTENT_TYPE_LATEST.encode()

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter("loopwright_requests", "Requests answered.", _ARM, registry=self._registry)
        self._failures = Counter(
            "loopwright_failures", "Requests that an arm failed or the door refused.", (*_ARM, "cause"),
            registry=self._registry,
        )  # fmt: skip
        self._latency = Histogram(
            "loopwright_request_seconds", "Seconds from receipt to answer.", _ARM, buckets=_SECONDS,
            registry=self._registry,
        )  # fmt: skip
        self._batches = Histogram(
            "loopwright_batch_records", "Records in one call of a model.", ("endpoint",),
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256), registry=self._registry,
        )  # fmt: skip
        self._features = Histogram(
            "loopwright_feature_read_seconds", "Seconds to read the features of one batch.", ("endpoint",),
            buckets=_SECONDS, registry=self._registry,
        )  # fmt: skip
        self.in_flight = Gauge("loopwright_requests_in_flight", "Requests under way.", registry=self._registry)
        self._arms: dict[ArmLabel, _OfArm] = {}

    def answered(self, label: ArmLabel, at: Micros, latencies_s: Sequence[float]) -> None:  # noqa: ARG002 - the form
        of_arm = self._arms.get(label)
        if of_arm is None:
            names = (label.endpoint, label.version[:_SHORT], label.arm)
            of_arm = self._arms[label] = _OfArm(self._requests.labels(*names), self._latency.labels(*names))
        of_arm.requests.inc(len(latencies_s))
        for latency_s in latencies_s:
            of_arm.latency.observe(latency_s)

    def failed(self, label: ArmLabel, at: Micros, cause: str) -> None:  # noqa: ARG002 - the observer's form
        self._failures.labels(label.endpoint, label.version[:_SHORT], label.arm, cause).inc()

    def batched(self, endpoint: str, records: int) -> None:
        self._batches.labels(endpoint).observe(records)

    def queued(self, endpoint: str, waits_s: Sequence[float]) -> None:
        """Queue times are not shown yet."""

    def bytes_seen(self, endpoint: str, received: int, sent: int) -> None:
        """Bytes are not shown yet."""

    def shadow_dropped(self, label: ArmLabel, requests: int) -> None:
        """Copies that a shadow was not given are not shown yet."""

    def features_read(self, endpoint: str, seconds: float) -> None:
        self._features.labels(endpoint).observe(seconds)

    def page(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self._registry)
