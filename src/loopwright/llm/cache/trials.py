"""What a semantic cache would have answered, written down in shadow: rows of the table `cache_trials`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.store.tables import Tables

if TYPE_CHECKING:
    import polars as pl

TABLE = "cache_trials"


class CacheTrial(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question that an upstream answered, beside the most similar one that was answered before.

    Attributes:
        at: When it was answered.
        version: The application's version.
        embedder: Digest of what measured the similarity.
        question: Digest of the question's text.
        found: Digest of the most similar question; None where there was none to compare with.
        similarity: Cosine of the two questions; None as `found`.
        doubts: Why the two may not ask the same; with any of them the answer would not have been given.
        age_s: How old the answer found was.
        same_answer: Whether the upstream has answered the two with the same text.
        answers_alike: Cosine of its two answers.
        answer_doubts: Doubts about the two answers, of those that hold for statements: numbers, units, dates, negation.
        question_text: The question, where content is logged.
        found_text: The one found, where content is logged.
    """

    at: Micros
    version: str
    embedder: Digest
    question: Digest
    found: Digest | None = None
    similarity: float | None = None
    doubts: tuple[str, ...] = ()
    age_s: float | None = None
    same_answer: bool | None = None
    answers_alike: float | None = None
    answer_doubts: tuple[str, ...] = ()
    question_text: str | None = None
    found_text: str | None = None


def write_trials(tables: Tables, trials: Sequence[CacheTrial]) -> None:
    """Keep a batch with one write. Raises NoSpaceError, NoPermissionError: none of them were kept."""
    tables.append(TABLE, trials)


def read_trials(tables: Tables, *, since: Micros | None = None, until: Micros | None = None) -> tuple[CacheTrial, ...]:
    """Trials with `since <= at < until`, oldest first."""
    frame: pl.DataFrame = tables.scan(TABLE, since=since, until=until)
    if not frame.height:
        return ()
    rows = frame.sort("at").to_dicts()
    return tuple(
        msgspec.convert({name: row[name] for name in row if row[name] is not None}, CacheTrial) for row in rows
    )
