"""What was seen of late, counted over the reference's bins, block by block. Windows add up in any order.

A block is an integer: `event_time // period` of a span of time, or the running number of a window of so many rows.
"""

from collections.abc import Mapping
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from loopwright.monitoring.bins import cell_counts, named_blocks
from loopwright.monitoring.pairs import count_pairs, signs_of
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, Reference
from loopwright.monitoring.sketch import SketchBytes, merged_sketches
from loopwright.stats.arrays import AnyArray, Floats, floats

Counts = tuple[int, ...]
PairCounts = tuple[tuple[int, int], ...]
V = TypeVar("V")


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by column, then by block, then by bin.

    Attributes:
        columns: Column → block → counts (n_bins,).
        pairs: Block → (concordant, discordant) of each of `Reference.pairs`, in its order.
        rows: Block → rows, whatever they hold.
        misfits: Column → block → rows whose value was there and could not be read as the column's type. They count as
            missing.
        sketches: Column → block → a sketch of its values; empty where none were wanted.
    """

    columns: dict[str, dict[int, Counts]] = {}
    pairs: dict[int, PairCounts] = {}
    rows: dict[int, int] = {}
    misfits: dict[str, dict[int, int]] = {}
    sketches: dict[str, dict[int, SketchBytes]] = {}

    def total(self, column: str) -> Floats | None:
        """(n_bins,) counts of a column over all its blocks; None where it was not seen."""
        blocks = self.columns.get(column)
        return floats(list(blocks.values())).sum(axis=0) if blocks else None

    def total_pairs(self) -> Floats | None:
        """(n_pairs, 2) over all blocks; None where pairs were not counted."""
        return floats(list(self.pairs.values())).sum(axis=0) if self.pairs else None

    @property
    def blocks(self) -> tuple[int, ...]:
        """Every block that has rows of any column, ascending."""
        return tuple(sorted({block for blocks in self.columns.values() for block in blocks} | set(self.rows)))

    def between(self, first: int, end: int | None = None) -> "Window":
        """Only blocks from `first` on, and before `end` where one is given."""

        def kept(blocks: Mapping[int, V]) -> dict[int, V]:
            return {block: value for block, value in blocks.items() if block >= first and (end is None or block < end)}

        return Window(
            columns={name: kept(blocks) for name, blocks in self.columns.items()},
            pairs=kept(self.pairs),
            rows=kept(self.rows),
            misfits={name: kept(blocks) for name, blocks in self.misfits.items()},
            sketches={name: kept(blocks) for name, blocks in self.sketches.items()},
        )


def summarise(
    columns: Mapping[str, AnyArray], event_time: NDArray[np.int64], reference: Reference, *, period_us: int = DAY
) -> Window:
    """Count rows over the reference's bins, by periods of event time; see `count_blocks`.

    Args:
        columns: See `count_blocks`.
        event_time: (n_rows,) microseconds UTC.
        reference: The model's.
        period_us: Length of a block.
    """
    return count_blocks(columns, np.asarray(event_time, dtype=np.int64) // period_us, reference)


def count_blocks(columns: Mapping[str, AnyArray], blocks: NDArray[np.int64], reference: Reference) -> Window:
    """Count rows over the reference's bins.

    Args:
        columns: Watched columns by name, (n_rows,) each: numbers with NaN for missing; or category codes with -1 for
            missing and any code past the last for a level that the reference does not have. `(prediction)` and
            `(label)` hold what `prediction_values` and `label_values` give; rows where these are NaN are left out
            there. Names that the reference does not have are ignored, and so are features that are absent.
        blocks: (n_rows,) the block of each row.
        reference: The model's.
    """
    if blocks.size == 0:
        return Window()
    names, position = named_blocks(blocks)
    found: dict[str, dict[int, Counts]] = {}
    for column in reference.columns:
        if column.name not in columns:
            continue
        values = floats(columns[column.name])
        kept = np.isfinite(values) if column.name in (PREDICTION, LABEL) else None
        places = column.bins.place(values if kept is None else values[kept])
        held = position if kept is None else position[kept]
        found[column.name] = cell_counts(places, (names, held), column.bins.count)
    per_block = np.bincount(position, minlength=names.size).tolist()
    return Window(
        columns=found,
        pairs=_pair_counts(columns, reference, names=names, position=position),
        rows={int(name): count for name, count in zip(names, per_block, strict=True)},
    )


def merge(first: Window, second: Window) -> Window:
    """Both together: counts of the same column and block add up."""
    return Window(
        columns=_by_column(first.columns, second.columns),
        pairs=_added_pairs(first.pairs, second.pairs),
        rows={block: first.rows.get(block, 0) + second.rows.get(block, 0) for block in first.rows | second.rows},
        misfits={
            name: _added_rows(first.misfits.get(name, {}), second.misfits.get(name, {}))
            for name in first.misfits | second.misfits
        },
        sketches={
            name: _added_sketches(first.sketches.get(name, {}), second.sketches.get(name, {}))
            for name in first.sketches | second.sketches
        },
    )


def _pair_counts(
    columns: Mapping[str, AnyArray], reference: Reference, *, names: NDArray[np.int64], position: NDArray[np.int64]
) -> dict[int, PairCounts]:
    if not reference.pairs:
        return {}
    cuts = {column.name: column.cuts for column in reference.columns}
    wanted = dict.fromkeys(name for pair in reference.pairs for name in (pair.first, pair.second))
    watched = {
        name: (floats(columns[name]), ends)
        for name in wanted
        if name in columns and (ends := cuts.get(name)) is not None
    }
    pairs = [(pair.first, pair.second) for pair in reference.pairs]
    order = np.argsort(position, kind="stable") if names.size > 1 else None
    stops = np.cumsum(np.bincount(position, minlength=names.size))
    counted: dict[int, PairCounts] = {}
    for i, name in enumerate(names.tolist()):
        part = slice(int(stops[i - 1]) if i else 0, int(stops[i]))
        rows: NDArray[np.int64] | slice = part if order is None else order[part]
        signs = {column: signs_of(values[rows], ends) for column, (values, ends) in watched.items()}
        counted[name] = tuple((int(a), int(b)) for a, b in count_pairs(signs, pairs).tolist())
    return counted


def _by_column(
    first: Mapping[str, dict[int, Counts]], second: Mapping[str, dict[int, Counts]]
) -> dict[str, dict[int, Counts]]:
    names = [*first, *(name for name in second if name not in first)]
    return {name: _added(first.get(name, {}), second.get(name, {})) for name in names}


def _added(first: Mapping[int, Counts], second: Mapping[int, Counts]) -> dict[int, Counts]:
    blocks = dict(first)
    for block, row in second.items():
        blocks[block] = tuple(a + b for a, b in zip(blocks[block], row, strict=True)) if block in blocks else row
    return blocks


def _added_pairs(first: Mapping[int, PairCounts], second: Mapping[int, PairCounts]) -> dict[int, PairCounts]:
    blocks = dict(first)
    for block, counted in second.items():
        before = blocks.get(block, ((0, 0),) * len(counted))
        blocks[block] = tuple((a + c, b + d) for (a, b), (c, d) in zip(before, counted, strict=True))
    return blocks


def _added_rows(first: Mapping[int, int], second: Mapping[int, int]) -> dict[int, int]:
    return {block: first.get(block, 0) + second.get(block, 0) for block in {**first, **second}}


def _added_sketches(first: Mapping[int, SketchBytes], second: Mapping[int, SketchBytes]) -> dict[int, SketchBytes]:
    blocks = dict(first)
    for block, sketch in second.items():
        blocks[block] = merged_sketches(blocks[block], sketch) if block in blocks else sketch
    return blocks
