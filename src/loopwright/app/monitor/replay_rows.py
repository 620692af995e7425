"""A labelled dataset as if its rows had been asked: each row a request at its event time, each label a day later."""

from typing import TYPE_CHECKING

import numpy as np

from loopwright.app.policies.history import History
from loopwright.app.scoring import scores_on
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet
from loopwright.observations.labels import TABLE as LABELS
from loopwright.observations.request_log import TABLE as REQUESTS
from loopwright.registry.bundle import Manifest

if TYPE_CHECKING:
    import polars as pl


def rows_as_asked(
    workspace: Workspace,
    endpoint: str,
    version: Digest,
    *,
    manifest: Manifest,
    history: History,
) -> dict[str, "pl.DataFrame"]:
    """The tables of requests and labels.

    Args:
        workspace: Whose bundles hold the version; what it is unpacked into lies in the workspace's home.
        endpoint: Whose requests they are to be.
        version: Who answers all of them.
        manifest: Of the version.
        history: Labelled rows with point-in-time features.

    Raises:
        UsageError: The version cannot score the rows.
    """
    import polars as pl

    at = history.at
    scores, why = scores_on(workspace, version, manifest, rows=history.rows)
    if scores is None:
        raise UsageError("the champion cannot score these rows", why=why, fix="Name the dataset that it learned from.")
    ids = pl.Series("request_id", [f"row-{number}" for number in range(len(at))])
    times = pl.Series("at", np.asarray(at, dtype=np.int64))
    single = scores if scores.ndim == 1 else None
    output = {"score": single} if single is not None else {"probabilities": scores.tolist()}
    requests = pl.DataFrame({"request_id": ids, "at": times, "event_time": times, "key": ids}).with_columns(
        pl.lit(endpoint).alias("endpoint"),
        pl.lit("champion").alias("arm"),
        pl.lit(version).alias("version"),
        pl.lit(200).alias("status"),
        pl.lit(None, dtype=pl.String).alias("fallback_from"),
        pl.Series("score", single if single is not None else np.full(len(at), np.nan)),
        named_features(history.rows).to_struct("features"),
        pl.DataFrame(output).to_struct("output"),
        pl.lit(0).alias("latency_us"),
    )
    return {REQUESTS: requests.with_columns(pl.col("features").alias("inputs")), LABELS: _labels(history, requests)}


def named_features(rows: TrainingSet) -> "pl.DataFrame":
    """Features with their levels by name, as a request has them."""
    import polars as pl

    named = []
    for column in rows.signature.features:
        values = rows.features[column.name]
        if column.categories is not None and column.kind in ("category", "string"):
            codes = list(range(len(column.categories)))
            values = values.cast(pl.Int64).replace_strict(
                codes, list(column.categories), default=None, return_dtype=pl.String
            )
        named.append(values.alias(column.name))
    return pl.DataFrame(named)


def _labels(history: History, requests: "pl.DataFrame") -> "pl.DataFrame":
    import polars as pl

    value = pl.Series("value", history.label)
    kinds = {pl.Boolean: "bool", pl.Int64: "int", pl.Float64: "float"}
    kind = kinds.get(value.dtype.base_type(), "str")
    return requests.select("key", "request_id", "endpoint", "event_time").with_columns(
        value,
        (pl.col("event_time") + history.delay_us).alias("at"),
        pl.lit("replay").alias("source"),
        pl.lit(kind).alias("value_type"),
        pl.lit("label").alias("kind"),
        pl.lit(None, dtype=pl.String).alias("metric"),
    )
