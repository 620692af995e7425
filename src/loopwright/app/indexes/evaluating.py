"""How well a version of an index finds what people said is relevant, alone or beside another version."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from loopwright.app.indexes.building import cache_folder
from loopwright.app.indexes.versions import IndexVersionRecord, find_version
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.llm.retrieval.labelled import LabelledSet, read_labelled
from loopwright.llm.retrieval.quality import Measure, Quality, gain, measure_name, quality, values_of
from loopwright.llm.retrieval.version import open_version
from loopwright.stats.arrays import Floats

Key = tuple[Measure, int]
_MOST_MISSED = 20


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One measure of a version, and of another one on the same questions.

    Attributes:
        quality: The version's.
        other: The other's; None where none is compared.
        gain: How much the version's is higher; None likewise.
    """

    quality: Quality
    other: Quality | None = None
    gain: Quality | None = None


class IndexEvaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured.

    Attributes:
        version: Of what.
        compared: Beside what.
        cases: Digest of the labelled set.
        questions: How many.
        measures: The figures.
        missed: Questions of which the version finds nothing relevant among its ranks, at most 20.
    """

    version: IndexVersionRecord
    compared: IndexVersionRecord | None
    cases: Digest
    questions: int
    measures: tuple[Compared, ...]
    missed: tuple[str, ...]


def evaluate_index(
    workspace: Workspace, selector: str, cases: Path, *, compare: str | None = None, ranks: Sequence[int] = (1, 5, 10)
) -> IndexEvaluation:
    """Measure a version.

    Args:
        workspace: The workspace.
        selector: As `find_version`.
        cases: A JSON lines file of labelled questions.
        compare: Another version of the same index.
        ranks: Where recall is measured; the last is where the reciprocal rank and nDCG are.

    Raises:
        NotFoundError: There is no such version.
        SourceError: The file holds what is no labelled question.
        UsageError: A rank is not from 1 to 100.
    """
    labelled = read_labelled(cases)
    version = find_version(workspace, selector)
    other = None if compare is None else find_version(workspace, f"{version.name}@{compare.rpartition('@')[2]}")
    mine = _measured(workspace, version, labelled, ranks=ranks)
    theirs = {} if other is None else _measured(workspace, other, labelled, ranks=ranks)
    found = mine["mrr", max(ranks)]
    missed = [one.question for one, rank in zip(labelled.questions, found, strict=True) if rank == 0.0]
    return IndexEvaluation(
        version=version, compared=other, cases=labelled.digest, questions=len(labelled.questions),
        measures=tuple(_compared(key, values, theirs.get(key)) for key, values in mine.items()),
        missed=tuple(missed[:_MOST_MISSED]),
    )  # fmt: skip


def _measured(
    workspace: Workspace, version: IndexVersionRecord, labelled: LabelledSet, *, ranks: Sequence[int]
) -> dict[Key, Floats]:
    retriever = open_version(workspace.stores.blobs, version.digest, run=cache_folder(workspace))
    keys: list[Key] = [*(("recall", k) for k in ranks), ("mrr", max(ranks)), ("ndcg", max(ranks))]
    return {key: values_of(retriever, labelled.questions, key[0], k=key[1]) for key in keys}


def _compared(key: Key, values: Floats, other: Floats | None) -> Compared:
    name = measure_name(*key)
    if other is None:
        return Compared(quality=quality(values, name))
    return Compared(quality=quality(values, name), other=quality(other, name), gain=gain(values, other, name))
