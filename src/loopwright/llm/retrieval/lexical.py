"""BM25 over an inverted index in arrays, which are read from mapped files.

What a word is worth is counted over the chunks that the reader may see alone, so that no score tells anything of the
others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from loopwright.llm.retrieval.index import Lexical
from loopwright.llm.retrieval.ranking import Rows, best
from loopwright.llm.retrieval.words import Terms, counted, terms_of_question
from loopwright.stats.arrays import AnyArray

Visible = NDArray[np.bool_]
_MOST_COUNTED = np.iinfo(np.uint16).max


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Postings:
    """Which words stand in which chunks.

    Attributes:
        terms: (t,) uint64, ascending.
        starts: (t + 1,) int64: the postings of term i are those from `starts[i]` to `starts[i + 1]`.
        chunks: (p,) int32, ascending within a term.
        counts: (p,) uint16, how often; more than 65,535 times counts as that.
        lengths: (n_chunks,) int32, words.
    """

    terms: AnyArray
    starts: AnyArray
    chunks: AnyArray
    counts: AnyArray
    lengths: AnyArray


def postings_of(texts: list[str], *, stem: bool) -> Postings:
    """Index texts; chunk i is text i."""
    terms, chunks, counts = counted(texts, stem=stem)
    lengths = np.bincount(chunks, weights=counts, minlength=len(texts)).astype(np.int32)
    return _sorted(terms, chunks, counts=counts, lengths=lengths)


def joined(before: Postings, kept: AnyArray, *, added: Postings, places: AnyArray) -> Postings:
    """An index of some chunks of another and of further ones, without reading the texts of the former again.

    Args:
        before: The other.
        kept: (n_before,) int64, the new number of each of its chunks; -1: it is gone.
        added: The further ones.
        places: (n_added,) int64, their new numbers. With `kept`'s they are 0 to n - 1, each once.
    """
    moved = np.asarray(kept)[before.chunks]
    there = moved >= 0
    old_terms = np.repeat(before.terms, np.diff(before.starts))[there]
    new_terms = np.repeat(added.terms, np.diff(added.starts))
    places = np.asarray(places)
    lengths = np.zeros(int((kept >= 0).sum()) + places.size, dtype=np.int32)
    lengths[kept[kept >= 0]] = before.lengths[kept >= 0]
    lengths[places] = added.lengths
    return _sorted(
        np.concatenate((old_terms, new_terms)),
        np.concatenate((moved[there], places[added.chunks])),
        counts=np.concatenate((np.asarray(before.counts)[there], added.counts)),
        lengths=lengths,
    )


def _sorted(terms: Terms, chunks: AnyArray, *, counts: AnyArray, lengths: AnyArray) -> Postings:
    order = np.lexsort((chunks, terms))
    different, firsts = np.unique(terms[order], return_index=True)
    return Postings(
        terms=different,
        starts=np.append(firsts, order.size).astype(np.int64),
        chunks=chunks[order].astype(np.int32),
        counts=np.minimum(counts[order], _MOST_COUNTED).astype(np.uint16),
        lengths=lengths,
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Norms:
    """What scoring needs to know of the chunks that a reader may see.

    Attributes:
        n: How many these are.
        of: (n_chunks,) float32, `k1 (1 - b + b length / mean length)`, the mean over those n.
    """

    n: int
    of: AnyArray


def norms_of(postings: Postings, spec: Lexical, visible: Visible | None) -> Norms:
    """Norms for a reader; None sees every chunk."""
    seen = postings.lengths if visible is None else postings.lengths[visible]
    mean = float(seen.mean()) if seen.size and seen.any() else 1.0
    made = spec.k1 * (1.0 - spec.b + spec.b * np.asarray(postings.lengths) / mean)
    return Norms(n=int(seen.size), of=made.astype(np.float32))


def search(
    postings: Postings,
    question: str,
    *,
    spec: Lexical,
    norms: Norms,
    limit: int,
    visible: Visible | None = None,
    wanted: Visible | None = None,
) -> Rows:
    """The chunks that share words with a question, best first.

    Args:
        postings: The index.
        question: Text.
        spec: How words are scored.
        norms: The reader's.
        limit: How many at most.
        visible: (n_chunks,) which chunks the reader may see; None: all.
        wanted: (n_chunks,) which of them are asked for, which changes no score; None: all.
    """
    scores = np.zeros(postings.lengths.shape[0], dtype=np.float32)
    for term in terms_of_question(question, stem=spec.stem):
        place = int(np.searchsorted(postings.terms, term))
        if place == postings.terms.shape[0] or postings.terms[place] != term:
            continue
        part = slice(int(postings.starts[place]), int(postings.starts[place + 1]))
        chunks, counts = postings.chunks[part], postings.counts[part].astype(np.float32)
        if visible is not None:
            seen = visible[chunks]
            chunks, counts = chunks[seen], counts[seen]
        worth = np.float32(np.log1p((norms.n - chunks.size + 0.5) / (chunks.size + 0.5)) * (spec.k1 + 1.0))
        scores[chunks] += worth * counts / (counts + norms.of[chunks])
    if wanted is not None:
        scores[~wanted] = 0.0
    rows = np.flatnonzero(scores)
    return best(scores[rows], limit, rows=rows)
