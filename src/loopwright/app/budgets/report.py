"""What calls cost, by whom and what for, and what the cache saved: from the rows of the request log."""

from typing import TYPE_CHECKING, Literal, get_args

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.access import KIND as KEY_KIND
from loopwright.core.clock import Micros
from loopwright.observations.request_log import TABLE

if TYPE_CHECKING:
    import polars as pl

By = Literal["key", "user", "team", "feature", "model", "endpoint", "day"]
BY: tuple[By, ...] = get_args(By)
_COLUMNS = (
    "at", "endpoint", "operation", "caller", "user", "feature", "model", "upstream", "attempts", "input_tokens",
    "output_tokens", "cost_usd", "cache", "weight",
)  # fmt: skip
_COLUMN_OF = {"key": "caller"}
_MOST_KEYS = 10_000


class SpendLine(msgspec.Struct, frozen=True, kw_only=True):
    """One group.

    Attributes:
        group: A key's id, a user, a team … or a day; empty for calls that name none.
        name: The key's name where it is a key.
        calls: How many, copies for shadows among them.
        input_tokens: All that upstreams counted.
        output_tokens: The same.
        cost_usd: Of the calls whose price was known.
        unpriced: Calls that an upstream answered and whose cost nobody knows.
        hits: Calls that were answered from the cache.
        saved_usd: What the hits would have cost, each as much as a paid call of its endpoint in this span does on
            average; None where there was none.
    """

    group: str
    name: str = ""
    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int
    hits: int
    saved_usd: float | None


class SpendReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every group, dearest first (days in their order), and all together."""

    by: By
    since: Micros | None
    until: Micros | None
    lines: tuple[SpendLine, ...]
    total: SpendLine


def spend_report(
    workspace: Workspace, by: By, *, since: Micros | None = None, until: Micros | None = None
) -> SpendReport:
    """Add up the logged calls with `since <= at < until`."""
    import polars as pl

    names, teams = _keys(workspace)
    rows = workspace.stores.tables.scan(TABLE, columns=_COLUMNS, since=since, until=until)
    calls = _calls(rows, teams)
    column = _COLUMN_OF.get(by, by)
    grouped = calls.group_by(pl.col(column).fill_null("").alias("group")).agg(*_sums())
    order = grouped.sort("group") if by == "day" else grouped.sort(["cost_usd", "group"], descending=[True, False])
    lines = tuple(_line(row, names if by == "key" else {}) for row in order.iter_rows(named=True))
    (total,) = calls.select(pl.lit("").alias("group"), *_sums()).head(1).iter_rows(named=True)
    return SpendReport(by=by, since=since, until=until, lines=lines, total=_line(total, {}))


def _calls(rows: "pl.DataFrame", teams: dict[str, str]) -> "pl.DataFrame":
    """The rows of language models, each with what it stands for and what a hit of it would have cost."""
    import polars as pl

    text, whole = pl.String, pl.Int64
    typed = rows.select(
        pl.from_epoch(pl.col("at").cast(whole), time_unit="us").dt.strftime("%Y-%m-%d").alias("day"),
        *(pl.col(name).cast(text) for name in ("endpoint", "operation", "caller", "user", "feature", "model", "cache")),
        pl.col("upstream").cast(text),
        *(pl.col(name).cast(whole).fill_null(0) for name in ("input_tokens", "output_tokens")),
        pl.col("cost_usd").cast(pl.Float64),
        pl.col("weight").cast(pl.Float64).fill_null(1.0),
    ).filter(pl.col("operation").is_not_null())
    hit = pl.col("cache").is_in(["exact", "semantic"]).fill_null(value=False)
    paid = pl.col("cost_usd").filter(~hit & (pl.col("cost_usd") > 0))
    return typed.with_columns(
        hit.alias("hit"),
        pl.col("caller").replace_strict(teams, default="", return_dtype=text).alias("team"),
        paid.mean().over("endpoint").alias("usual_usd"),
    )


def _sums() -> "list[pl.Expr]":
    import polars as pl

    weight = pl.col("weight")
    hits = weight.filter(pl.col("hit"))
    return [
        weight.sum().round().cast(pl.Int64).alias("calls"),
        (pl.col("input_tokens") * weight).filter(~pl.col("hit")).sum().round().cast(pl.Int64).alias("input_tokens"),
        (pl.col("output_tokens") * weight).filter(~pl.col("hit")).sum().round().cast(pl.Int64).alias("output_tokens"),
        (pl.col("cost_usd").fill_null(0.0) * weight).sum().alias("cost_usd"),
        weight.filter(~pl.col("hit") & pl.col("upstream").is_not_null() & pl.col("cost_usd").is_null())
        .sum().round().cast(pl.Int64).alias("unpriced"),
        hits.sum().round().cast(pl.Int64).alias("hits"),
        (pl.col("usual_usd") * weight).filter(pl.col("hit")).sum().alias("saved_usd"),
        pl.col("usual_usd").filter(pl.col("hit")).is_not_null().any().alias("known"),
    ]  # fmt: skip


def _line(row: dict[str, object], names: dict[str, str]) -> SpendLine:
    known = row.pop("known")
    line = msgspec.convert(row, SpendLine)
    return msgspec.structs.replace(line, name=names.get(line.group, ""), saved_usd=line.saved_usd if known else None)


def _keys(workspace: Workspace) -> tuple[dict[str, str], dict[str, str]]:
    """Names and teams of keys by their ids."""
    found = workspace.stores.ledger.search(KEY_KIND, limit=_MOST_KEYS)
    names = {record.id: str(record.data.get("name", "")) for record in found}
    return names, {record.id: str(record.data.get("team", "")) for record in found}
