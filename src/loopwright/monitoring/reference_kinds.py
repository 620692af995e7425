"""What the report compares a window with: the bundle's reference as it is, the windows just before, or the reference at
the same hours and weekdays. Pure functions from counts by block to a reference."""

from collections.abc import Iterable, Mapping

import msgspec
import numpy as np

from loopwright.monitoring.block_table import BlockTable, block_table, packed_table
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


def rolling_reference(reference: Reference, before: Window, period_us: int | None = None) -> Reference:
    """The reference with the counts of the windows before in place of its own; pairs among them.

    Bins stay those of the bundle, so that windows can be compared at all.

    Args:
        reference: The bundle's.
        before: The windows before.
        period_us: The length of each; None for windows of rows, which are not of time.
    """
    columns = tuple(_with_counts(column, before.columns.get(column.name, {})) for column in reference.columns)
    counts = before.total_pairs()
    pairs = tuple(
        msgspec.structs.replace(pair, concordant=int(row[0]), discordant=int(row[1]))
        for pair, row in zip(reference.pairs, counts if counts is not None else (), strict=False)
    )
    rows = sum(before.rows.values())
    made = msgspec.structs.replace(reference, columns=columns, pairs=pairs, rows=rows)
    timed = reference.timed and period_us is not None
    return msgspec.structs.replace(made, timed=timed, period_us=period_us or reference.period_us)


def seasonal_reference(reference: Reference, window: Window, period_us: int) -> Reference:
    """The reference at the hours and weekdays of the window's blocks, in the proportions of the window.

    The counts are those of as many independent rows as the mixture is worth: `1 / sum(f**2 / n)` for shares f of the
    window over seasons of which the reference has n rows. A column without counts by block, or of whose seasons the
    reference has no rows, has none. Counts by day stay, for how alike the rows of a day are, less what weekdays add to
    that: the mixture knows it. Pairs are kept whole only, so they are left out.
    """
    columns = []
    for column in reference.columns:
        held = reference.block_counts(column.name, period_us)
        shares = _season_rows(window.columns.get(column.name, {}), period_us)
        counts = {} if held is None else _by_season(zip(*held, strict=True), period_us)
        mixed = _mixed(column, shares, counts)
        days = reference.block_counts(column.name, DAY) if sum(mixed.counts) else None
        table = None if days is None else _without_weekdays(*days)
        columns.append(msgspec.structs.replace(mixed, by_block=table))
    rows = max((sum(column.counts) for column in columns), default=0)
    return msgspec.structs.replace(reference, columns=tuple(columns), pairs=(), rows=rows, period_us=DAY)


def _without_weekdays(days: tuple[int, ...], counts: Floats) -> BlockTable:
    """Counts (n_days, n_bins) as they would be if every weekday had the shares of all days.

    Days keep what they have beyond their weekday, `k / (k - 1)` times in variance for the k days that its mean is of
    (a weekday of which there is one day shows nothing, and is left out). Under two weeks all is left as it is.
    """
    weekdays = (np.asarray(days) - _FIRST_MONDAY) % _DAYS_A_WEEK
    rows = counts.sum(axis=1, keepdims=True)
    if len(days) < 2 * _DAYS_A_WEEK or rows.min() == 0:
        return packed_table(np.asarray(days, dtype=np.int64), counts.astype(np.int64))
    common = rows * counts.sum(axis=0) / rows.sum()
    kept = np.zeros(len(days), dtype=bool)
    for weekday in np.unique(weekdays):
        part = weekdays == weekday
        k = int(part.sum())
        if k > 1:
            usual = rows[part] * counts[part].sum(axis=0) / rows[part].sum()
            common[part] += (counts[part] - usual) * np.sqrt(k / (k - 1))
            kept |= part
    cells = np.maximum(np.rint(common[kept]), 0).astype(np.int64)
    return packed_table(np.asarray(days, dtype=np.int64)[kept], cells)


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
    return _with_total(column, mixture / worth)


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
