"""Counters of each arm for each second: small, mergeable rows by which releases are judged.

They hold nothing that the request log does not; `from_requests` computes them again.
"""

from bisect import bisect_left
from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING, Protocol

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.observations.request_log import CALLER_LEFT, without_shadows
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

TABLE = "arm_stats"
COUNTS = ("requests", "errors", "timeouts", "crashes")
_BY = ("endpoint", "release", "arm", "at")
_FAILURES = {"hang": "timeouts", "timeout": "timeouts", "crash": "crashes"}
BUCKET_BOUNDS_US: tuple[int, ...] = tuple(round(50 * 1.2**step) for step in range(72))
"""Inclusive upper bounds of the latency buckets, in microseconds: 50 µs to 21 s, each 1.2 times the one before.
One more bucket takes what is slower."""
_BUCKETS = len(BUCKET_BOUNDS_US) + 1


class ArmName(Protocol):
    """Whose figures they are. `arm` is empty for a request that met no arm; it is not counted."""

    @property
    def endpoint(self) -> str: ...
    @property
    def release(self) -> str | None: ...
    @property
    def arm(self) -> str: ...


class _Cell:
    """The counts of one arm in one second."""

    __slots__ = ("buckets", "crashes", "errors", "requests", "timeouts")

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.timeouts = 0
        self.crashes = 0
        self.buckets = [0] * _BUCKETS


class ArmTotals(msgspec.Struct, frozen=True, kw_only=True):
    """An arm's counts over a stretch of time.

    Every request counts once in `requests`; one that the arm failed counts in exactly one of `errors`, `timeouts` and
    `crashes`, too, and has no latency.
    """

    requests: int = 0
    errors: int = 0
    timeouts: int = 0
    crashes: int = 0
    latency_us_buckets: tuple[int, ...] = (0,) * _BUCKETS

    @property
    def failures(self) -> int:
        """Requests that the arm did not answer."""
        return self.errors + self.timeouts + self.crashes

    def latency_us(self, quantile: float) -> float | None:
        """The latency that this share of answers kept within, to a bucket's upper bound (at most 20 % too high).

        None where there is no answer, or where it lies above the last bound.
        """
        answers = sum(self.latency_us_buckets)
        seen = 0
        for bound, count in zip(BUCKET_BOUNDS_US, self.latency_us_buckets, strict=False):
            seen += count
            if answers and seen >= quantile * answers:
                return float(bound)
        return None


class ArmCounters:
    """One worker's counters in memory, written as rows of `arm_stats`. Safe from several threads.

    Flushing the same second twice writes two rows that add up. What was not flushed is lost with the process, and is
    still in the request log.

    Args:
        tables: Where rows go.
        worker: Which worker counts.
    """

    def __init__(self, tables: Tables, *, worker: str) -> None:
        self._tables = tables
        self._worker = worker
        self._cells: dict[tuple[str, str | None, str, Micros], _Cell] = {}
        self._lock = Lock()

    def answered(self, label: ArmName, at: Micros, latencies_s: Sequence[float]) -> None:
        """An arm answered requests that were received in the second of `at`, each after so many seconds."""
        with self._lock:
            cell = self._cell(label, at)
            cell.requests += len(latencies_s)
            buckets = cell.buckets
            for latency_s in latencies_s:
                buckets[bisect_left(BUCKET_BOUNDS_US, latency_s * SECOND)] += 1

    def failed(self, label: ArmName, at: Micros, cause: str) -> None:
        """An arm failed a request: `hang` or `timeout`, `crash`, anything else is an error."""
        if not label.arm:
            return
        with self._lock:
            cell = self._cell(label, at)
            cell.requests += 1
            count = _FAILURES.get(cause, "errors")
            setattr(cell, count, getattr(cell, count) + 1)

    def batched(self, endpoint: str, records: int) -> None:
        """Batches are not counted here."""

    def queued(self, endpoint: str, waits_s: Sequence[float]) -> None:
        """Queue times are not counted here."""

    def features_read(self, endpoint: str, seconds: float) -> None:
        """Feature reads are not counted here."""

    def bytes_seen(self, endpoint: str, received: int, sent: int) -> None:
        """Bytes are not counted here."""

    def shadow_dropped(self, label: ArmName, requests: int) -> None:
        """Copies that a shadow was not given are not counted here."""

    def flush(self) -> int:
        """Write what was counted since the last flush; returns how many rows.

        Raises:
            NoSpaceError, NoPermissionError: Nothing was written; the counts are kept for the next flush.
        """
        with self._lock:
            cells, self._cells = self._cells, {}
        rows = [
            {
                "worker": self._worker,
                "endpoint": endpoint,
                "release": release,
                "arm": arm,
                "at": at,
                "requests": cell.requests,
                "errors": cell.errors,
                "timeouts": cell.timeouts,
                "crashes": cell.crashes,
                "latency_us_buckets": cell.buckets,
            }
            for (endpoint, release, arm, at), cell in cells.items()
        ]
        try:
            self._tables.append(TABLE, rows)
        except BaseException:
            self._restore(cells)
            raise
        return len(rows)

    def _cell(self, label: ArmName, at: Micros) -> _Cell:
        name = (label.endpoint, label.release, label.arm, at - at % SECOND)
        cell = self._cells.get(name)
        if cell is None:
            cell = self._cells[name] = _Cell()
        return cell

    def _restore(self, cells: dict[tuple[str, str | None, str, Micros], _Cell]) -> None:
        with self._lock:
            for name, lost in cells.items():
                cell = self._cells.setdefault(name, _Cell())
                for count in COUNTS:
                    setattr(cell, count, getattr(cell, count) + getattr(lost, count))
                cell.buckets = [a + b for a, b in zip(cell.buckets, lost.buckets, strict=True)]


def read_arm_stats(
    tables: Tables,
    endpoint: str,
    *,
    release: str | None = None,
    since: Micros | None = None,
    until: Micros | None = None,
) -> "pl.DataFrame":
    """All workers' counts, added up for each arm and second.

    Args:
        tables: Where rows are.
        endpoint: Whose.
        release: Only this release's, where given.
        since: First second.
        until: Second that is no longer in.

    Returns:
        Columns endpoint, release, arm, at, requests, errors, timeouts, crashes, latency_us_buckets (a list of 73); one
        row for each arm and second, oldest first.
    """
    import polars as pl

    columns = (*_BY, *COUNTS, "latency_us_buckets")
    frame = tables.scan(TABLE, columns=columns, since=since, until=until)
    if not frame.height:
        return _empty()
    ours = frame.filter(pl.col("endpoint") == endpoint).with_columns(pl.col("release").cast(pl.String))
    if release is not None:
        ours = ours.filter(pl.col("release") == release)
    return _added_up(ours)


def from_requests(requests: "pl.DataFrame") -> "pl.DataFrame":
    """The same figures, computed from rows of `requests`.

    A request that fell back counts as a request and an error of the arm that failed: the log does not tell a timeout
    from a crash. An answer with a status under 400 is a success; an error that met no arm is not counted, nor is a
    shadow's copy, nor a call whose caller left, which shows nothing of the arm. A row of a sampled log counts as often
    as it says.

    Returns:
        As `read_arm_stats`.
    """
    import polars as pl

    if not requests.height:
        return _empty()
    rows = without_shadows(requests).with_columns(
        pl.col("at") - pl.col("at") % SECOND,
        *[pl.col(name).cast(pl.String) for name in ("release", "arm", "fallback_from")],
    )
    good = pl.col("status") < 400
    told = pl.col("arm").is_not_null() & (pl.col("arm") != "") & (pl.col("status") != CALLER_LEFT)
    answered = rows.filter(told).select(
        *_BY,
        (~good).cast(pl.Int64).alias("errors"),
        pl.when(good).then(pl.col("latency_us")).alias("latency_us"),
        _stands_for(rows).alias("requests"),
    )
    failed = rows.filter(pl.col("fallback_from").is_not_null()).select(
        "endpoint",
        "release",
        pl.col("fallback_from").alias("arm"),
        "at",
        pl.lit(1, dtype=pl.Int64).alias("errors"),
        pl.lit(None, dtype=pl.Int64).alias("latency_us"),
        pl.lit(1, dtype=pl.Int64).alias("requests"),
    )
    counted = pl.concat([answered, failed], how="vertical_relaxed")
    buckets = [_in_bucket(*row) for row in counted.select("latency_us", "requests").iter_rows()]
    zero = pl.lit(0, dtype=pl.Int64)
    return _added_up(
        counted.drop("latency_us").with_columns(
            zero.alias("timeouts"),
            zero.alias("crashes"),
            pl.Series("latency_us_buckets", buckets, dtype=pl.List(pl.Int64)),
        )
    )


def totals(stats: "pl.DataFrame") -> dict[str, ArmTotals]:
    """Each arm's counts over all rows, by the arm's name."""
    found: dict[str, ArmTotals] = {}
    for (arm,), rows in stats.group_by(["arm"], maintain_order=True):
        matrix = rows["latency_us_buckets"].list.to_array(_BUCKETS).to_numpy()
        counts = {name: int(rows[name].sum()) for name in COUNTS}
        found[str(arm)] = ArmTotals(**counts, latency_us_buckets=tuple(int(count) for count in matrix.sum(axis=0)))
    return found


def _added_up(rows: "pl.DataFrame") -> "pl.DataFrame":
    import numpy as np
    import polars as pl

    if not rows.height:
        return _empty()
    ordered = rows.sort("at", "arm", "release", "endpoint", nulls_last=True)
    starts = ordered.select(pl.struct(_BY).rle_id()).to_series().to_numpy()
    first = np.flatnonzero(np.r_[True, starts[1:] != starts[:-1]])
    matrix = ordered["latency_us_buckets"].list.to_array(_BUCKETS).to_numpy()
    buckets = pl.Series("latency_us_buckets", np.add.reduceat(matrix, first, axis=0)).arr.to_list()
    counted = ordered.group_by(_BY, maintain_order=True).agg(pl.col(COUNTS).sum())
    return counted.with_columns(buckets.cast(pl.List(pl.Int64)))


def _stands_for(rows: "pl.DataFrame") -> "pl.Expr":
    """How many requests each row stands for, whole numbers that add up to the sum of the rows' weights."""
    import polars as pl

    if "weight" not in rows.columns:
        return pl.lit(1, dtype=pl.Int64)
    so_far = (pl.col("weight").cast(pl.Float64).fill_null(1.0).cum_sum() + 0.5).floor().cast(pl.Int64)
    return so_far - so_far.shift(1).fill_null(0)


def _in_bucket(latency_us: int | None, requests: int) -> list[int]:
    buckets = [0] * _BUCKETS
    if latency_us is not None:
        buckets[bisect_left(BUCKET_BOUNDS_US, latency_us)] = requests
    return buckets


def _empty() -> "pl.DataFrame":
    import polars as pl

    names: Sequence[str] = ("endpoint", "release", "arm")
    schema = {name: pl.String() for name in names} | {name: pl.Int64() for name in ("at", *COUNTS)}
    return pl.DataFrame(schema=schema | {"latency_us_buckets": pl.List(pl.Int64)})
