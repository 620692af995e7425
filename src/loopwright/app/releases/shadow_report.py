"""What a shadow would have answered: how often it agreed, how it differed, how fast, where, and the worst rows."""

from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.app.releases.running import RunningRelease
from loopwright.app.releases.shadow import agreement, beside, copies
from loopwright.app.versions import manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.observations.request_log import read_requests

QUANTILES = (0.5, 0.9, 0.99, 1.0)
MOST_ROWS = 20
MOST_LEVELS = 12
_COLUMNS = (
    "request_id", "at", "release", "arm", "version", "status", "score", "output", "latency_us", "shadow_of", "inputs",
    "key",
)  # fmt: skip


class Quantiles(msgspec.Struct, frozen=True, kw_only=True):
    """A figure's quantiles; None where nothing is known."""

    p50: float | None = None
    p90: float | None = None
    p99: float | None = None
    most: float | None = None


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that have one value in one column."""

    column: str
    value: str
    requests: int
    agreement: float
    mean_difference: float | None


class Disagreement(msgspec.Struct, frozen=True, kw_only=True):
    """One request to which the two versions answered most differently."""

    request_id: str
    at: Micros
    key: str | None
    champion: Any
    candidate: Any
    difference: float | None
    inputs: dict[str, Any]


class ShadowReport(msgspec.Struct, frozen=True, kw_only=True):
    """A shadow beside the champion, on the same requests.

    Attributes:
        release: Whose.
        candidate: The version that got copies.
        champion: The version that answered.
        copied: Copies that were made.
        failed: Copies that the candidate did not answer.
        compared: Copies beside an answer.
        agreement: Share of the compared on which both gave the same answer.
        difference: Of |score - champion's score|.
        candidate_latency_us: Of its answers.
        champion_latency_us: Of the champion's, on the same requests.
        slices: By the columns with few values, those with least agreement first.
        rows: The requests that differ most.
    """

    release: str
    candidate: Digest
    champion: Digest
    copied: int
    failed: int
    compared: int
    agreement: float | None
    difference: Quantiles
    candidate_latency_us: Quantiles
    champion_latency_us: Quantiles
    slices: tuple[Slice, ...]
    rows: tuple[Disagreement, ...]


def shadow_report(workspace: Workspace, release: RunningRelease) -> ShadowReport | None:
    """The report of a release's first candidate; None where it never got a copy."""
    plan = release.plan
    arm, candidate = next(iter(plan.candidates.items()))
    rows = read_requests(
        workspace.stores.tables, plan.endpoint, since=release.state.started_at, columns=_COLUMNS, shadows=True
    )
    rows = rows.filter(pl.col("release").cast(pl.String) == release.id) if rows.height else rows
    copied = copies(rows, arm)
    if not copied.height:
        return None
    pairs = beside(copied, rows)
    same = agreement(plan.task, pairs)
    differences = _differences(pairs)
    return ShadowReport(
        release=release.id,
        candidate=candidate,
        champion=plan.champion,
        copied=copied.height,
        failed=int((copied["status"] != 200).sum()),
        compared=pairs.height,
        agreement=float(same.mean()) if len(same) else None,
        difference=_quantiles(differences),
        candidate_latency_us=_latency(pairs, "latency_us"),
        champion_latency_us=_latency(pairs, "their_latency_us"),
        slices=_slices(pairs, same, differences, signature=manifest_of(workspace, plan.champion).signature),
        rows=_worst(pairs, same, differences),
    )


def _differences(pairs: pl.DataFrame) -> np.ndarray:
    """`(n,)` |score - the champion's|; NaN where one has no single score."""
    if not pairs.height:
        return np.empty(0)
    ours, theirs = (pairs[name].cast(pl.Float64).fill_null(float("nan")) for name in ("score", "their_score"))
    return (ours - theirs).abs().to_numpy()


def _latency(pairs: pl.DataFrame, column: str) -> Quantiles:
    return _quantiles(pairs[column].cast(pl.Float64).to_numpy()) if pairs.height else Quantiles()


def _quantiles(values: np.ndarray) -> Quantiles:
    known = values[np.isfinite(values)]
    if not len(known):
        return Quantiles()
    p50, p90, p99, most = (float(value) for value in np.quantile(known, QUANTILES))
    return Quantiles(p50=p50, p90=p90, p99=p99, most=most)


def _slices(
    pairs: pl.DataFrame, same: np.ndarray, differences: np.ndarray, *, signature: Signature
) -> tuple[Slice, ...]:
    if not pairs.height or not isinstance(pairs.schema["inputs"], pl.Struct):
        return ()
    frame = pairs.select("inputs").unnest("inputs").with_columns(
        pl.Series("_same", same), pl.Series("_difference", differences)
    )  # fmt: skip
    named = [column.name for column in signature.request if column.kind in ("category", "string", "bool")]
    found = []
    for column in named:
        if column in frame.columns and column != signature.key and frame[column].n_unique() <= MOST_LEVELS:
            found += [
                Slice(column=column, value=str(value), requests=n, agreement=agreed, mean_difference=_known(mean))
                for value, n, agreed, mean in frame.group_by(column, maintain_order=True)
                .agg(pl.len(), pl.col("_same").mean(), pl.col("_difference").mean().alias("_mean"))
                .iter_rows()
            ]
    return tuple(sorted(found, key=lambda one: (one.agreement, -one.requests)))


def _worst(pairs: pl.DataFrame, same: np.ndarray, differences: np.ndarray) -> tuple[Disagreement, ...]:
    """Other answers first, then the greatest differences."""
    if not pairs.height:
        return ()
    order = np.lexsort((-np.nan_to_num(differences), same))[:MOST_ROWS]
    order = order[(~same[order]) | (np.nan_to_num(differences[order]) > 0)]
    kept = pairs[order.tolist()].to_dicts()
    return tuple(
        Disagreement(
            request_id=row["shadow_of"],
            at=row["at"],
            key=row["key"],
            champion=_said(row["their_output"], row["their_score"]),
            candidate=_said(row["output"], row["score"]),
            difference=_known(float(difference)),
            inputs=row["inputs"] or {},
        )
        for row, difference in zip(kept, differences[order], strict=True)
    )


def _said(output: dict[str, Any] | None, score: float | None) -> Any:
    """An answer in short: the class and its score, or the number."""
    answer = (output or {}).get("prediction")
    return answer if answer is not None else score


def _known(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
