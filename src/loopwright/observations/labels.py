"""Labels: what turned out to be true, when it was learned, and which requests it belongs to.

A label names the thing by key, the request by id, or both. Of several labels of one thing the one that was known last
counts, so that a correction is an append too.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.observations.request_log import read_requests
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

TABLE = "labels"
COLUMNS = ("key", "request_id", "endpoint", "value", "event_time", "at", "source", "value_type")
LabelValue = bool | int | float | str


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One label.

    Attributes:
        endpoint: Whose prediction it judges.
        value: What was true.
        event_time: When it became true.
        at: When it became known, by the workspace's clock.
        source: Where it came from, as `feedback` or a dataset version's digest.
        key: The thing, as text (None: the request says it).
        request_id: The request (None: every request about the thing).
    """

    endpoint: str
    value: LabelValue
    event_time: Micros
    at: Micros
    source: str
    key: str | None = None
    request_id: str | None = None


def append_labels(tables: Tables, rows: Sequence[LabelRow]) -> None:
    """Append labels with one write.

    Raises:
        UsageError: A label names neither a key nor a request.
        NoSpaceError, NoPermissionError: None of them were kept.
    """
    for row in rows:
        if row.key is None and row.request_id is None:
            raise UsageError("a label names neither a key nor a request", fix="Send a key or a request id with it.")
    tables.append(TABLE, [{**msgspec.structs.asdict(row), "value_type": type(row.value).__name__} for row in rows])


def latest_labels(
    tables: Tables, endpoint: str, *, known_at: Micros | None = None, learned_since: Micros | None = None
) -> "pl.DataFrame":
    """The endpoint's labels as they were known at `known_at` (now, where None), at most one for each request and key.

    Args:
        tables: Where labels are.
        endpoint: Whose.
        known_at: Labels that became known later are left out.
        learned_since: Labels that became known before are left out: what is new since an earlier look.

    Returns:
        Columns key, request_id, endpoint, value, event_time, at, source, value_type; (n_labels, 8), oldest first.
        `value` has the type of the endpoint's labels where they have one, else it is text.
    """
    import polars as pl

    until = None if known_at is None else known_at + 1
    frame = tables.scan(TABLE, columns=COLUMNS, since=learned_since, until=until)
    frame = frame.with_columns([pl.col(name).cast(pl.String) for name in ("key", "request_id", "endpoint", "source")])
    ours = _typed(frame.filter(pl.col("endpoint") == endpoint))
    # Ties of `at` go to the greater source and value: some order that does not hang on which segment was read first.
    ours = ours.sort("at", "source", pl.col("value").cast(pl.String))
    return ours.unique(["key", "request_id"], keep="last", maintain_order=True)


def labelled_requests(
    tables: Tables,
    endpoint: str,
    *,
    since: Micros | None = None,
    until: Micros | None = None,
    known_at: Micros | None = None,
    learned_since: Micros | None = None,
) -> "pl.DataFrame":
    """The endpoint's requests that have a label, each with the latest one known at `known_at`.

    A label by request id and one by key both belong to a request that has both; the one known last counts.

    Args:
        tables: Where requests and labels are.
        endpoint: Whose.
        since: First time of receipt (`at` of the request).
        until: Time of receipt that is no longer in.
        known_at: What was known when; all labels where None.
        learned_since: Only labels that became known from then on.

    Returns:
        The columns of `requests`, and `label`, `label_at`, `label_event_time`, `label_source`; oldest request first.
    """
    import polars as pl

    requests = read_requests(tables, endpoint, since=since, until=until)
    labels = latest_labels(tables, endpoint, known_at=known_at, learned_since=learned_since)
    if not requests.height or not labels.height:
        return requests.clear()
    requests = requests.with_columns(pl.col("request_id").cast(pl.String), pl.col("key").cast(pl.String))
    rows = requests.with_row_index("_row")
    found = pl.concat([_joined(rows, labels, "request_id"), _joined(rows, labels, "key")])
    latest = found.sort("label_at", "label_source").unique("_row", keep="last")
    return rows.join(latest, on="_row", how="inner").sort("_row").drop("_row")


def _joined(rows: "pl.DataFrame", labels: "pl.DataFrame", by: str) -> "pl.DataFrame":
    """Which label belongs to which row, by one of the two names; a label that has both names goes by its request."""
    import polars as pl

    ours = labels.filter(pl.col(by).is_not_null() & (pl.col("request_id").is_null() if by == "key" else pl.lit(True)))
    named = ours.select(
        by,
        pl.col("value").alias("label"),
        pl.col("at").alias("label_at"),
        pl.col("event_time").alias("label_event_time"),
        pl.col("source").alias("label_source"),
    )
    return rows.select("_row", by).join(named.unique(by, keep="last", maintain_order=True), on=by, how="inner").drop(by)


def _typed(labels: "pl.DataFrame") -> "pl.DataFrame":
    """One endpoint's labels with their own type: beside another endpoint's they may have been read as text."""
    import polars as pl

    types = set(labels["value_type"].drop_nulls().to_list())
    value = pl.col("value")
    if not types or not types <= {"bool", "int", "float"}:
        return labels.with_columns(value.cast(pl.String))
    text = value.cast(pl.String)
    if types == {"bool"}:
        return labels.with_columns(text.is_in(["true", "1", "1.0"]).alias("value"))
    number = (
        pl.when(text == "true").then(1.0).when(text == "false").then(0.0).otherwise(text.cast(pl.Float64, strict=False))
    )
    return labels.with_columns(number.cast(pl.Float64 if "float" in types else pl.Int64).alias("value"))
