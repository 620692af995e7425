"""Where the levels of a category lie among its bins."""

from loopwright.monitoring.bins import MOST_LEVELS
from loopwright.monitoring.reference import ColumnReference
from loopwright.stats.arrays import Floats, floats


def level_count(column: ColumnReference) -> int:
    """Bins of levels: those of new levels and of missing values come after them."""
    return column.bins.count - 1 - int(column.bins.unseen)


def levels_before(column: ColumnReference) -> Floats:
    """(n_levels,) counts of the reference by level, as far as a later sample can have them.

    A value that the reference has met once will not be met again more often than it was met before: never, in a column
    of names. Such values are taken from the bin of rare levels; `new_levels` expects them among the new ones.
    """
    counts = floats(column.counts)[: level_count(column)]
    if counts.size == MOST_LEVELS:
        counts = counts.copy()
        counts[-1] = max(counts[-1] - column.seen_once, 0.0)
    return counts


def level_name(column: ColumnReference, place: int) -> str:
    """The level counted in a bin, or that it is that of all the rare ones."""
    codes = [code for code, bin_of in enumerate(column.bins.bin_of_code or ()) if bin_of == place]
    if len(codes) > 1:
        return f"{len(codes)} rare levels"
    named = codes and codes[0] < len(column.levels)
    return column.levels[codes[0]] if named else f"level {codes[0] if codes else place}"
