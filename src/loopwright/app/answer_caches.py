"""The cache of answers: measured before it may answer similar requests, and what it has saved."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import NoVerdictError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.cache.measure import (
    SURE,
    TRAFFIC_THRESHOLDS,
    AtThreshold,
    Judged,
    chosen,
    judge_pairs,
    judge_trials,
    needed,
    on_pairs,
    on_traffic,
)
from loopwright.llm.cache.pairs import SHIPPED, read_pairs
from loopwright.llm.cache.trials import read_trials
from loopwright.llm.embedder import Embedder
from loopwright.llm.embedding.spec import EmbedderSpec, minilm
from loopwright.llm.embedding.table import open_embedder
from loopwright.observations.request_log import TABLE

if TYPE_CHECKING:
    import polars as pl

MODELS_FOLDER = "cache"
"""Where the gateway keeps local models in the home; its module is slow to import, and a test equates the two."""
_COLUMNS = (
    "at", "endpoint", "operation", "cache", "status", "latency_us", "cost_usd", "input_tokens", "output_tokens",
    "shadow_of", "weight",
)  # fmt: skip


class KindResult(msgspec.Struct, frozen=True, kw_only=True):
    """One sort of pair at the threshold chosen: how many there are, and how many would be answered."""

    kind: str
    same: bool
    n: int
    answered: int


class CacheMeasurement(msgspec.Struct, frozen=True, kw_only=True):
    """What `loopwright cache eval` found.

    Attributes:
        measured_on: `pairs` or `traffic`.
        n: Pairs, or questions of the traffic.
        thresholds: The table, the lowest first.
        chosen: The threshold that may be used; None: none may.
        at_most: Share of false hits that was allowed.
        sure: Probability with which the stated share holds.
        kinds: By kind of pair; empty for traffic.
        needed: How many cases without one false hit it takes at the least.
        policy: The policy that follows; None where no threshold was chosen.
    """

    measured_on: str
    n: int
    thresholds: Sequence[AtThreshold]
    chosen: AtThreshold | None
    at_most: float
    needed: int
    policy: CachePolicy | None
    sure: float = SURE
    kinds: Sequence[KindResult] = ()


class CacheSavings(msgspec.Struct, frozen=True, kw_only=True):
    """What an endpoint's cache has done in a period.

    Attributes:
        endpoint: Which.
        requests: Answered requests.
        exact: Those answered from the cache because the very same had been answered.
        semantic: Those answered from it because a similar one had been.
        saved_usd: What the upstreams would have charged for the tokens of those answers, at the mean price of a token
            in the same period; None where no call of the period has a known cost.
        spent_usd: What the other answers cost.
        upstream_ms: Median latency of the other answers.
        cached_ms: Median latency of answers from the cache.
        saved_s: Seconds that callers waited less, by those medians.
    """

    endpoint: str
    requests: int
    exact: int
    semantic: int
    saved_usd: float | None
    spent_usd: float
    upstream_ms: float | None
    cached_ms: float | None
    saved_s: float | None


def measure_on_pairs(
    home: Path | None, *, pairs: Path | None, at_most: float, spec: EmbedderSpec | None = None
) -> CacheMeasurement:
    """Hits and false hits on labelled pairs, and the threshold that may be used.

    Args:
        home: Where the model is kept; None: it is made for this once.
        pairs: The file; the shipped one where None.
        at_most: Share of the pairs that differ which may be answered.
        spec: What measures how similar questions are; MiniLM where None.

    Raises:
        SourceError: The file is no file of pairs.
        MissingExtraError: The model is not installed.
    """
    labelled = read_pairs(pairs or SHIPPED)
    with ExitStack() as stack:
        judged = judge_pairs(labelled, _embedder(home, spec, stack))
    rows = on_pairs(judged)
    row = chosen(rows, at_most=at_most, from_strictest=True)
    return CacheMeasurement(
        measured_on="pairs", n=len(judged), thresholds=rows, chosen=row, at_most=at_most, policy=_policy(row),
        kinds=() if row is None else _kinds(judged, row.threshold), needed=needed(at_most),
    )  # fmt: skip


def measure_on_traffic(
    workspace: Workspace,
    *,
    at_most: float,
    alike: float,
    since: Micros | None = None,
    until: Micros | None = None,
    spec: EmbedderSpec | None = None,
) -> CacheMeasurement:
    """Hits and false hits on what a shadow has seen, and the threshold that may be used.

    Args:
        workspace: Whose home.
        at_most: Share of the hits that may be false.
        alike: Cosine from which two answers are taken for the same.
        since: First time.
        until: Time that is no longer in.
        spec: What measured how similar requests are; MiniLM where None.

    Raises:
        NoVerdictError: No application had its semantic cache in shadow.
        MissingExtraError: The model is not installed.
    """
    with ExitStack() as stack:
        digest = _embedder(workspace.home, spec, stack).digest
    trials = [one for one in read_trials(workspace.stores.tables, since=since, until=until) if one.embedder == digest]
    if not trials:
        raise NoVerdictError(
            "there is no traffic to judge a semantic cache by", why="no application had it in shadow in that time",
            fix="Release one with cache=lw.llm.CachePolicy(semantic='shadow') and let it answer for a while.",
        )  # fmt: skip
    rows = on_traffic(judge_trials(trials, alike=alike))
    row = chosen(rows, at_most=at_most, from_strictest=False)
    return CacheMeasurement(
        measured_on="traffic", n=len(trials), thresholds=rows, chosen=row, at_most=at_most, policy=_policy(row),
        needed=needed(at_most, unsure=(1.0 - SURE) / len(TRAFFIC_THRESHOLDS)),
    )  # fmt: skip


def cache_savings(
    workspace: Workspace, *, endpoint: str | None = None, since: Micros | None = None, until: Micros | None = None
) -> tuple[CacheSavings, ...]:
    """What the cache has saved, by endpoint, from the request log; what it would have cost is an estimate.

    Args:
        workspace: Whose home.
        endpoint: One alone; all where None.
        since: First time of receipt.
        until: Time of receipt that is no longer in.
    """
    import polars as pl

    frame = workspace.stores.tables.scan(TABLE, columns=_COLUMNS, since=since, until=until)
    if not frame.height:
        return ()
    rows = frame.filter(
        pl.col("shadow_of").is_null() & pl.col("operation").is_not_null() & (pl.col("status") == 200)
    ).with_columns(pl.col("weight").cast(pl.Float64).fill_null(1.0), pl.col("cache").cast(pl.String))
    if endpoint is not None:
        rows = rows.filter(pl.col("endpoint") == endpoint)
    names = sorted(rows["endpoint"].unique().to_list())
    return tuple(_savings(name, rows.filter(pl.col("endpoint") == name)) for name in names)


def _embedder(home: Path | None, spec: EmbedderSpec | None, stack: ExitStack) -> Embedder:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) if home is None else home / MODELS_FOLDER
    return open_embedder(spec or minilm(), folder=folder)


def _policy(row: AtThreshold | None) -> CachePolicy | None:
    """The policy with the threshold and its share of false hits, rounded up."""
    if row is None:
        return None
    return CachePolicy(semantic="on", threshold=row.threshold, stated_error=-(-row.at_most * 10_000 // 1) / 10_000)


def _kinds(judged: Sequence[Judged], threshold: float) -> tuple[KindResult, ...]:
    found: dict[tuple[bool, str], list[Judged]] = {}
    for one in judged:
        found.setdefault((not one.same, one.kind), []).append(one)
    return tuple(
        KindResult(
            kind=kind, same=not different, n=len(ones),
            answered=sum(one.similarity >= threshold and not one.doubted for one in ones),
        )
        for (different, kind), ones in sorted(found.items())
    )  # fmt: skip


def _savings(name: str, rows: "pl.DataFrame") -> CacheSavings:
    import polars as pl

    cached = rows.filter(pl.col("cache").is_in(["exact", "semantic"]))
    others = rows.filter(~pl.col("cache").is_in(["exact", "semantic"]).fill_null(value=False))
    hits, ordinary = _median_ms(cached), _median_ms(others)
    counts = {how: _weight(cached.filter(pl.col("cache") == how)) for how in ("exact", "semantic")}
    known = others.filter(pl.col("cost_usd").is_not_null())
    shorter = None if hits is None or ordinary is None else (ordinary - hits) / 1000 * _weight(cached)
    return CacheSavings(
        endpoint=name, requests=round(_weight(rows)), exact=round(counts["exact"]), semantic=round(counts["semantic"]),
        saved_usd=_saved_usd(known, cached), spent_usd=_sum(known, pl.col("cost_usd")), upstream_ms=ordinary,
        cached_ms=hits, saved_s=shorter,
    )  # fmt: skip


def _saved_usd(known: "pl.DataFrame", cached: "pl.DataFrame") -> float | None:
    """The tokens of cached answers at the mean price of a token; answers without tokens at the mean price of a call."""
    import polars as pl

    calls = _weight(known)
    if not calls:
        return None
    spent, tokens = _sum(known, pl.col("cost_usd")), _sum(known, _tokens())
    uncounted = cached.filter(_tokens() == 0)
    by_token = _sum(cached, _tokens()) * spent / tokens if tokens else 0.0
    return by_token + spent / calls * _weight(uncounted if tokens else cached)


def _tokens() -> Any:
    import polars as pl

    return pl.sum_horizontal(pl.col(name).cast(pl.Float64).fill_null(0.0) for name in ("input_tokens", "output_tokens"))


def _sum(rows: "pl.DataFrame", column: Any) -> float:
    import polars as pl

    return float(rows.select((column.cast(pl.Float64) * pl.col("weight")).sum()).item() or 0.0)


def _weight(rows: "pl.DataFrame") -> float:
    return float(rows["weight"].sum() or 0.0)


def _median_ms(rows: "pl.DataFrame") -> float | None:
    import polars as pl

    found = rows.select(pl.col("latency_us").cast(pl.Float64).median()).item()
    return None if found is None else float(found) / 1000
