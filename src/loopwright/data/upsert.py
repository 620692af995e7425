"""The latest row of each key, found by reading the keys first and only then the columns of the rows that count.

A dataset whose rows landed ten times over has nine parts of which nothing counts; those are never read whole.
"""

from collections.abc import Callable, Sequence

import polars as pl

from loopwright.core.clock import Micros
from loopwright.data.dataset import RESERVED_COLUMN

Load = Callable[[Sequence[str] | None], pl.DataFrame]
"""Reads a part: takes the columns wanted (None: all), returns those that it has, and `_known_at` (Int64)."""
_PART, _ROW = "_part", "_row"


def every_row(loads: Sequence[Load], wanted: Sequence[str] | None, known_at: Micros | None) -> pl.DataFrame:
    """Every row known by `known_at`, in the order of the parts."""
    frames = [load(wanted) for load in loads]
    if known_at is not None:
        frames = [frame.filter(pl.col(RESERVED_COLUMN) <= known_at) for frame in frames]
    return _joined(frames)


def latest_rows(
    loads: Sequence[Load], wanted: Sequence[str] | None, known_at: Micros | None, *, key: str
) -> pl.DataFrame:
    """The latest row of each key among those known by `known_at`; of rows known at once, the one of the later part."""
    if not loads:
        return pl.DataFrame()
    keys = [
        load([key]).select(
            pl.col(key).alias("key"),
            pl.col(RESERVED_COLUMN),
            pl.lit(part, dtype=pl.UInt32).alias(_PART),
            pl.int_range(pl.len(), dtype=pl.UInt32).alias(_ROW),
        )
        for part, load in enumerate(loads)
    ]
    whole = pl.concat(keys, how="vertical_relaxed")
    if known_at is not None:
        whole = whole.filter(pl.col(RESERVED_COLUMN) <= known_at)
    if not whole[RESERVED_COLUMN].is_sorted():
        whole = whole.sort(RESERVED_COLUMN, maintain_order=True)
    kept = whole.unique(subset=["key"], keep="last", maintain_order=True)
    counting = kept.partition_by(_PART, as_dict=True)
    frames = [load(wanted)[counting[part,][_ROW]] for part, load in enumerate(loads) if (part,) in counting]
    frame = _joined(frames) if frames else loads[-1](wanted).clear()
    return frame if frame[RESERVED_COLUMN].is_sorted() else frame.sort(RESERVED_COLUMN, maintain_order=True)


def _joined(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    if not frames:
        return pl.DataFrame()
    return frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
