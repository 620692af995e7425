"""Bounded samples of rows: the same ones whatever the order in which rows came and however many workers saw them.

The rows with the smallest hashes of their ids are kept (bottom-k: Cohen and Kaplan 2007). A hash of an id says nothing
of the row, so the kept rows are a simple random sample; the smallest hashes of two samples together are those of the
union, so samples of workers and hosts merge.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RowSample:
    """At most `size` rows of all that were offered.

    Attributes:
        size: How many rows are kept at most.
        hashes: (n,) of the kept rows' ids, ascending, each once.
        rows: n rows in the order of their hashes.
    """

    size: int
    hashes: NDArray[np.uint64]
    rows: "pl.DataFrame"


def sample_rows(rows: "pl.DataFrame", ids: Sequence[str], size: int) -> RowSample:
    """A sample of rows, each named by an id; of rows with one id the first is kept.

    Args:
        rows: n rows.
        ids: n ids, as request ids.
        size: How many rows are kept at most.
    """
    hashes = id_hashes(ids)
    kept = smallest(hashes, size)
    return RowSample(size=size, hashes=hashes[kept], rows=rows[kept])


def merge(first: RowSample, second: RowSample) -> RowSample:
    """The sample of all rows that either was drawn from; in any order of merging the same.

    Raises:
        ValueError: The samples are not of one size.
    """
    import polars as pl

    if first.size != second.size:
        raise ValueError(f"a sample of {first.size} rows and one of {second.size} do not merge")
    hashes = np.concatenate((first.hashes, second.hashes))
    kept = smallest(hashes, first.size)
    rows = pl.concat([first.rows, second.rows], how="vertical_relaxed")
    return RowSample(size=first.size, hashes=hashes[kept], rows=rows[kept])


def id_hashes(ids: Sequence[str]) -> NDArray[np.uint64]:
    """(n,) hash of each id; the same on every machine and in every version."""
    joined = b"".join(blake3(name.encode()).digest(length=8) for name in ids)
    return np.frombuffer(joined, dtype="<u8").astype(np.uint64)


def smallest(hashes: NDArray[np.uint64], size: int) -> NDArray[np.int64]:
    """Positions of the `size` smallest different hashes, in their order; of equal ones the first."""
    _, first = np.unique(hashes, return_index=True)
    return first[:size].astype(np.int64)
