"""What the report compares a window with: the bundle's reference as it is, the windows just before, or the reference at
the same hours and weekdays. Pure functions from counts by block to a reference."""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from loopwright.monitoring.block_table import block_table
from loopwright.monitoring.blocks import positions_of
from loopwright.monitoring.reference import DAY, HOUR, ColumnReference, Reference
from loopwright.monitoring.window import Window
from loopwright.stats.arrays import Floats, floats

_DAYS_A_WEEK = 7
_FIRST_MONDAY = 4
"""1970-01-05, in days since 1970."""


def season_of(block: int, period_us: int) -> tuple[int, int]:
    """The weekday (Monday is 0) and the hour in which a block begins, UTC; blocks of whole days have hour 0."""
    start = block * period_us
    return (start // DAY - _FIRST_MONDAY) % _DAYS_A_WEEK, start % DAY // HOUR


def rolling_reference(reference: Reference, before: Window) -> Reference:
    """The reference with the counts of the windows before in place of its own; pairs among them.

    Bins stay those of the bundle, so that windows can be compared at all.
    """
    columns = tuple(_with_counts(column, before.columns.get(column.name, {})) for column in reference.columns)
    counts = before.total_pairs()
    pairs = tuple(
        msgspec.structs.replace(pair, concordant=int(row[0]), discordant=int(row[1]))
        for pair, row in zip(reference.pairs, counts if counts is not None else (), strict=False)
    )
    rows = sum(before.rows.values())
    return msgspec.structs.replace(reference, columns=columns, pairs=pairs, rows=rows)


def seasonal_reference(reference: Reference, window: Window, period_us: int) -> Reference:
    """The reference at the hours and weekdays of the window's blocks, in the proportions of the window.

    The counts are those of as many independent rows as the mixture is worth: `1 / sum(f**2 / n)` for shares f of the
    window over seasons of which the reference has n rows. A column without counts by block, or of whose seasons the
    reference has no rows, has none. Counts by block stay, for how alike the rows of a block are; what seasons add to
    that makes rows count for less. Pairs are kept whole only, so they are left out.
    """
    columns = []
    for column in reference.columns:
        held = reference.block_counts(column.name, period_us)
        shares = _season_rows(window.columns.get(column.name, {}), period_us)
        counts = {} if held is None else _by_season(zip(*held, strict=True), period_us)
        columns.append(_mixed(column, shares, counts))
    rows = max((sum(column.counts) for column in columns), default=0)
    return msgspec.structs.replace(reference, columns=tuple(columns), pairs=(), rows=rows)


def _season_rows(blocks: Mapping[int, tuple[int, ...]], period_us: int) -> dict[tuple[int, int], float]:
    rows: dict[tuple[int, int], float] = {}
    for block, counts in blocks.items():
        season = season_of(block, period_us)
        rows[season] = rows.get(season, 0.0) + sum(counts)
    return rows


def _by_season(blocks: Iterable[tuple[int, Floats]], period_us: int) -> dict[tuple[int, int], Floats]:
    summed: dict[tuple[int, int], Floats] = {}
    for block, counts in blocks:
        season = season_of(block, period_us)
        summed[season] = summed[season] + counts if season in summed else floats(counts)
    return summed


def _mixed(
    column: ColumnReference, rows: Mapping[tuple[int, int], float], seasons: Mapping[tuple[int, int], Floats]
) -> ColumnReference:
    known = {season: n for season, n in rows.items() if season in seasons and seasons[season].sum() > 0 and n > 0}
    if not known or len(known) < len(rows):
        return _with_total(column, np.zeros(column.bins.count))
    total = sum(known.values())
    mixture = np.zeros(column.bins.count)
    worth = 0.0
    for season, n in known.items():
        held = seasons[season]
        mixture += n / total * held / held.sum()
        worth += (n / total) ** 2 / held.sum()
    return msgspec.structs.replace(_with_total(column, mixture / worth), by_block=column.by_block)


def _with_counts(column: ColumnReference, blocks: Mapping[int, tuple[int, ...]]) -> ColumnReference:
    total = floats(list(blocks.values())).reshape(-1, column.bins.count).sum(axis=0)
    return msgspec.structs.replace(_with_total(column, total), by_block=block_table(blocks, column.bins.count))


def _with_total(column: ColumnReference, counts: Floats) -> ColumnReference:
    whole = np.rint(counts)
    positions = positions_of(whole[:-1]) if column.bins.ordered else ()
    standard = msgspec.structs.replace(column.standard, positions=positions)
    return msgspec.structs.replace(
        column, counts=tuple(int(count) for count in whole), standard=standard, by_block=None, quantiles=(), seen_once=0
    )
