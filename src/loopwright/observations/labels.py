"""Feedback: what turned out to be true or what an answer was worth, when it was learned, and of which requests.

It names the thing by key, the request by id, or both. Of several of one thing the one that was known last counts, so
that a correction is an append too. Labels and corrections say what was true, and quality is measured by them alone;
thumbs and rewards say what an answer was worth, and experiments go by them.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.observations.request_log import read_requests
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

TABLE = "labels"
COLUMNS = ("key", "request_id", "endpoint", "value", "event_time", "at", "source", "value_type")
CHOSEN = "labelling/chosen/"
"""How the source of labels begins whose requests were chosen because they are odd. A model may learn from them; what is
measured on them says nothing about the traffic as a whole."""
LabelValue = bool | int | float | str
Kind = Literal["label", "correction", "thumbs", "reward"]
_TRUTHS = ("label", "correction")
_WORTHS = ("thumbs", "reward")
ANSWERED = ("request_id", "key", "release", "arm", "at", "event_time", "status", "inputs")
_REWARDS = ("arm", "request_id", "key", "inputs", "value", "event_time", "at", "requested_at")


class LabelRow(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of feedback.

    Attributes:
        endpoint: Whose prediction it judges.
        value: What was true; for thumbs whether they are up, for a reward how much it is.
        event_time: When it became true.
        at: When it became known, by the workspace's clock.
        source: Where it came from, as `feedback` or a dataset version's digest.
        key: The thing, as text (None: the request says it).
        request_id: The request (None: every request about the thing).
        kind: What is said. A label and a correction are joined to requests in the same way; rows that were written
            before there were kinds are labels.
        metric: What a reward counts towards, as `conversion`; None for all other kinds.
    """

    endpoint: str
    value: LabelValue
    event_time: Micros
    at: Micros
    source: str
    key: str | None = None
    request_id: str | None = None
    kind: Kind = "label"
    metric: str | None = None


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
    tables: Tables,
    endpoint: str,
    *,
    known_at: Micros | None = None,
    learned_since: Micros | None = None,
    chosen: bool = True,
) -> "pl.DataFrame":
    """The endpoint's labels as they were known at `known_at` (now, where None), at most one for each request and key.

    Thumbs and rewards are none.

    Args:
        tables: Where labels are.
        endpoint: Whose.
        known_at: Labels that became known later are left out.
        learned_since: Labels that became known before are left out: what is new since an earlier look.
        chosen: Whether labels count whose requests were chosen because they are odd (`CHOSEN`): to learn from, yes;
            to judge by, no.

    Returns:
        Columns key, request_id, endpoint, value, event_time, at, source, value_type; (n_labels, 8), oldest first: of
        two that are about one request, by id and by key, the later one in this order counts. `value` has the type of
        the endpoint's labels where they have one, else it is text.
    """
    import polars as pl

    found = _scanned(tables, endpoint, known_at=known_at, learned_since=learned_since)
    found = found.filter(pl.col("kind").is_in(_TRUTHS))
    if not chosen:
        found = found.filter(~pl.col("source").str.starts_with(CHOSEN).fill_null(value=False))
    ours = _typed(found.select(COLUMNS))
    return _last(ours, by=["key", "request_id"])


def latest_worths(
    tables: Tables,
    endpoint: str,
    *,
    metric: str,
    known_at: Micros | None = None,
    learned_since: Micros | None = None,
) -> "pl.DataFrame":
    """What one metric's rewards were known to be at `known_at`, at most one for each request and key.

    Args:
        tables: Where feedback is.
        endpoint: Whose.
        metric: The rewards' name; `thumbs` for thumbs, 1 up and 0 down.
        known_at: What became known later is left out.
        learned_since: What became known before is left out.

    Returns:
        Columns key, request_id, value (a float), event_time, at; (n_worths, 5), oldest first.
    """
    import polars as pl

    found = _scanned(tables, endpoint, known_at=known_at, learned_since=learned_since)
    named = pl.when(pl.col("kind") == "thumbs").then(pl.lit("thumbs")).otherwise(pl.col("metric"))
    ours = found.filter(pl.col("kind").is_in(_WORTHS) & (named == metric))
    last = _last(ours, by=["key", "request_id"])
    return last.select("key", "request_id", _number(pl.col("value")).alias("value"), "event_time", "at")


def rewards(
    tables: Tables,
    endpoint: str,
    *,
    metric: str,
    release: str,
    since: Micros | None = None,
    known_at: Micros | None = None,
    learned_since: Micros | None = None,
) -> "pl.DataFrame":
    """Rewards of one metric, each with the arm of a release that answered what it is about.

    A reward by request id belongs to that request. One by key belongs to the last request about that key whose event
    time is not after the reward's. One that belongs to no request of the release is left out. A reward that was sent
    again or changed counts once, as it was known last.

    Args:
        tables: Where requests and feedback are.
        endpoint: Whose.
        metric: As in `latest_worths`.
        release: The release whose requests count.
        since: First time of receipt of a request.
        known_at: Rewards that became known later are left out.
        learned_since: Rewards that became known before are left out.

    Returns:
        Columns arm, request_id, key, inputs (an object, or null), value (a float), event_time (the reward's),
        at (when it became known), requested_at; (n_rewards, 8), in the order in which they became known.
    """
    requests = read_requests(tables, endpoint, since=since, columns=ANSWERED)
    worths = latest_worths(tables, endpoint, metric=metric, known_at=known_at, learned_since=learned_since)
    return rewards_of(worths, requests, release=release)


def rewards_of(worths: "pl.DataFrame", requests: "pl.DataFrame", *, release: str) -> "pl.DataFrame":
    """Worths (see `latest_worths`), each with the arm that answered what it is about; see `rewards`.

    Args:
        worths: Of one metric.
        requests: What they may be about, with the columns `ANSWERED`.
        release: The release whose requests count.
    """
    import polars as pl

    texts = [pl.col(name).cast(pl.String) for name in ("request_id", "key", "release", "arm")]
    asked = requests.with_columns(*texts, pl.col("at", "event_time").cast(pl.Int64)).filter(
        (pl.col("release") == release) & (pl.col("status") < 400)
    )
    asked = asked.drop("release", "status").rename({"event_time": "asked_about", "at": "requested_at"})
    by_id = worths.filter(pl.col("request_id").is_not_null()).drop("key")
    by_key = worths.filter(pl.col("request_id").is_null()).drop("request_id")
    joined = by_id.join(asked, on="request_id", how="inner").select(_REWARDS)
    latest = by_key.sort("event_time").join_asof(
        asked.filter(pl.col("key").is_not_null()).sort("asked_about"),
        left_on="event_time", right_on="asked_about", by="key", strategy="backward", check_sortedness=False,
    )  # fmt: skip
    found = latest.filter(pl.col("arm").is_not_null()).select(_REWARDS)
    return pl.concat([joined, found], how="vertical_relaxed").sort("at", "request_id")


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
    requests = read_requests(tables, endpoint, since=since, until=until)
    labels = latest_labels(tables, endpoint, known_at=known_at, learned_since=learned_since)
    return with_labels(requests, labels)


def with_labels(requests: "pl.DataFrame", labels: "pl.DataFrame") -> "pl.DataFrame":
    """Those of the requests that one of the labels (see `latest_labels`) is about; see `labelled_requests`."""
    import polars as pl

    if not requests.height or not labels.height:
        return requests.clear()
    requests = requests.with_columns(pl.col("request_id").cast(pl.String), pl.col("key").cast(pl.String))
    rows = requests.with_row_index("_row")
    ordered = labels.with_row_index("_order")
    found = pl.concat([_joined(rows, ordered, "request_id"), _joined(rows, ordered, "key")])
    latest = found.sort("_order").unique("_row", keep="last", maintain_order=True)
    return rows.join(latest, on="_row", how="inner").sort("_row").drop("_row", "_order")


def _joined(rows: "pl.DataFrame", labels: "pl.DataFrame", by: str) -> "pl.DataFrame":
    """Which label belongs to which row, by one of the two names; a label that has both names goes by its request."""
    import polars as pl

    ours = labels.filter(pl.col(by).is_not_null() & (pl.col("request_id").is_null() if by == "key" else pl.lit(True)))
    named = ours.select(
        by,
        "_order",
        pl.col("value").alias("label"),
        pl.col("at").alias("label_at"),
        pl.col("event_time").alias("label_event_time"),
        pl.col("source").alias("label_source"),
    )
    return rows.select("_row", by).join(named.unique(by, keep="last", maintain_order=True), on=by, how="inner").drop(by)


def _scanned(tables: Tables, endpoint: str, *, known_at: Micros | None, learned_since: Micros | None) -> "pl.DataFrame":
    """One endpoint's feedback of all kinds, with `kind` and `metric`."""
    import polars as pl

    until = None if known_at is None else known_at + 1
    frame = tables.scan(TABLE, columns=(*COLUMNS, "kind", "metric"), since=learned_since, until=until)
    names = ("key", "request_id", "endpoint", "source", "metric")
    frame = frame.with_columns(
        *[pl.col(name).cast(pl.String) for name in names],
        pl.col("kind").cast(pl.String).fill_null("label"),
        pl.col("at", "event_time").cast(pl.Int64),
    )
    return frame.filter(pl.col("endpoint") == endpoint)


def _last(rows: "pl.DataFrame", *, by: Sequence[str]) -> "pl.DataFrame":
    """What was known last. Ties go to the greater source and value: no order that hangs on how segments were read."""
    import polars as pl

    ordered = rows.sort("at", "source", pl.col("value").cast(pl.String))
    return ordered.unique(by, keep="last", maintain_order=True)


def _number(value: "pl.Expr") -> "pl.Expr":
    """Any value as a float; beside another kind's values it may have been read as text."""
    import polars as pl

    text = value.cast(pl.String)
    return (
        pl.when(text == "true").then(1.0).when(text == "false").then(0.0).otherwise(text.cast(pl.Float64, strict=False))
    )


def _typed(labels: "pl.DataFrame") -> "pl.DataFrame":
    """One endpoint's labels with their own type: beside another endpoint's they may have been read as text."""
    import polars as pl

    types = set(labels["value_type"].drop_nulls().to_list())
    value = pl.col("value")
    if not types or not types <= {"bool", "int", "float"}:
        return labels.with_columns(value.cast(pl.String))
    if types == {"bool"}:
        return labels.with_columns(value.cast(pl.String).is_in(["true", "1", "1.0"]).alias("value"))
    return labels.with_columns(_number(value).cast(pl.Float64 if "float" in types else pl.Int64).alias("value"))
