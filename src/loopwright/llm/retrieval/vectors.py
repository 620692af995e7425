"""Nearest vectors among those that are allowed: exactly, or by a graph whose finds are scored exactly."""

import numpy as np
from numpy.typing import NDArray

from loopwright.llm.retrieval.graph import Graph
from loopwright.llm.retrieval.ranking import Rows, best
from loopwright.stats.arrays import AnyArray

_FEW = 5000
_MOST_ASKED = 2000


def nearest(
    vectors: AnyArray, graph: Graph | None, question: AnyArray, *, limit: int, allowed: NDArray[np.bool_] | None = None
) -> Rows:
    """Rows of the vectors most like a question's, best first.

    Where rows are not allowed the graph is asked for so many more that enough are left; where they are few or the graph
    finds too few, each allowed one is looked at. As many come back as there are, up to `limit`.

    Args:
        vectors: (n, dimensions) float32, of unit length.
        graph: Over the same; None: there is none.
        question: (dimensions,) float32, of unit length; of zeros, nothing is like it.
        limit: How many at most.
        allowed: (n,) which rows may be found; None: all.
    """
    n = vectors.shape[0]
    there = n if allowed is None else int(np.count_nonzero(allowed))
    if there == 0 or limit <= 0 or not question.any():
        return np.empty(0, np.int64)
    asked = -(-limit * 3 * n // (2 * there))
    while graph is not None and there > _FEW and asked <= min(n, _MOST_ASKED):
        rows = np.sort(graph.nearest(question, asked))
        rows = rows if allowed is None else rows[allowed[rows]]
        if rows.size >= min(limit, there):
            return best(_likeness(vectors[rows], question), limit, rows=rows)
        asked *= 4
    if allowed is None or there == n:
        return best(_likeness(vectors, question), limit)
    rows = np.flatnonzero(allowed)
    return best(_likeness(vectors[rows], question), limit, rows=rows)


def _likeness(vectors: AnyArray, question: AnyArray) -> AnyArray:
    """(n,) cosines. Not by BLAS: on a busy machine its threads wait for one another, 16 ms for what takes 1."""
    return np.asarray(np.vecdot(vectors, question))
