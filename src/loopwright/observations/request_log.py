"""The request log: one row for each prediction asked for, written before it is answered."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.core.clock import Micros
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

TABLE = "requests"
CALLER_LEFT = 499
"""The status of a call whose caller went away before its end: nginx's, which no server sends."""


class RequestRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One prediction.

    Attributes:
        request_id: 128 random bits, in hexadecimal.
        at: When it was received, by the workspace's clock.
        event_time: When what it asks about happens.
        endpoint: Who was asked.
        release: The release under way, if any.
        arm: Which arm answered; None for a request that met no arm.
        version: The model's digest.
        key: What identifies the thing predicted, for feedback by key; always text.
        inputs: The checked record: a mapping, or a struct that encodes as one (`msgspec.to_builtins` makes it).
        features: The model's joined feature values, null as null.
        output: What was answered; in the same two forms.
        score: P(positive), or the value predicted; None where there is no single number.
        latency_us: From receipt to answer, in microseconds.
        status: The HTTP status.
        error: The error's code.
        fallback_from: The arm that failed, where another answered for it.
        flags: What was odd, as `distance_mi:maximum`.
        shadow_of: The id of the request that this is a shadow's copy of. Nobody was given its answer, and nothing that
            counts requests counts it.
    """

    request_id: str
    at: Micros
    event_time: Micros
    endpoint: str
    arm: str | None
    version: str
    inputs: Mapping[str, Any] | msgspec.Struct
    release: str | None = None
    key: str | None = None
    features: Mapping[str, Any] = {}
    output: Mapping[str, Any] | msgspec.Struct = {}
    score: float | None = None
    latency_us: int = 0
    status: int = 200
    error: str | None = None
    fallback_from: str | None = None
    flags: tuple[str, ...] = ()
    shadow_of: str | None = None


class RequestLog:
    """Writes the table `requests`. Safe from several threads.

    Args:
        tables: Where rows go.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def append(self, rows: Sequence[RequestRow]) -> None:
        """Keep a batch with one write; once this returns the rows survive a kill of the process.

        Raises:
            NoSpaceError, NoPermissionError: None of them were kept.
            UsageError: A row is not JSON, or has no `at`.
        """
        self._tables.append(TABLE, rows)


def read_requests(
    tables: Tables,
    endpoint: str,
    *,
    since: Micros | None = None,
    until: Micros | None = None,
    columns: Sequence[str] | None = None,
    shadows: bool = False,
) -> "pl.DataFrame":
    """An endpoint's rows with `since <= at < until`, oldest first; empty where there are none.

    Args:
        tables: Where rows are.
        endpoint: Whose rows.
        since: First time of receipt.
        until: Time of receipt that is no longer in.
        columns: Which ones; all that there are where None.
        shadows: Whether the rows of shadows' copies are among them.
    """
    import polars as pl

    wanted = None if columns is None else list(dict.fromkeys([*columns, "at", "endpoint", "shadow_of"]))
    frame = tables.scan(TABLE, columns=wanted, since=since, until=until)
    if not frame.height:
        return frame if columns is None else frame.select(columns)
    rows = frame if shadows else without_shadows(frame)
    ours = rows.filter(pl.col("endpoint") == endpoint).sort("at", maintain_order=True)
    return ours if columns is None else ours.select(columns)


def stood_for(requests: "pl.DataFrame") -> int:
    """How many requests the rows stand for: one each, and in a sampled log as many as a row's `weight` says."""
    import polars as pl

    if "weight" not in requests.columns or not requests.height:
        return requests.height
    return round(float(requests.select(pl.col("weight").cast(pl.Float64).fill_null(1.0).sum()).item()))


def without_shadows(requests: "pl.DataFrame") -> "pl.DataFrame":
    """The rows of requests that someone was answered."""
    import polars as pl

    return requests.filter(pl.col("shadow_of").is_null()) if "shadow_of" in requests.columns else requests
