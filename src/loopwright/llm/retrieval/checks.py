"""Rules of a gate about retrieval: a version finds what people said is relevant, and not worse than the champion's."""

import math
from pathlib import Path
from typing import ClassVar, Protocol

import msgspec

from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import LoopwrightError, UsageError
from loopwright.gates.gate import not_applicable, unknown
from loopwright.llm.retrieval.labelled import LabelledSet, read_labelled
from loopwright.llm.retrieval.quality import (
    MOST_RANKS,
    Measure,
    Quality,
    gain,
    measure_name,
    quality,
    values_of,
)
from loopwright.llm.retriever import Retriever
from loopwright.stats.arrays import Floats

_FEWEST = 30
_TO_COMPARE = "not_worse_retrieval"


class Retrieves(Protocol):
    """What a gate is given of one version of an application."""

    @property
    def retriever(self) -> Retriever | None:
        """Its index, open; None without one."""


class RetrievalThreshold(msgspec.Struct, frozen=True, kw_only=True, tag="retrieval", tag_field="check"):
    """A measure of the candidate's index on a labelled set is at least `bound`. The figure itself is compared.

    Attributes:
        measure: Which.
        k: Ranks that count.
        bound: What is asked for.
        cases: The labelled set's file, relative to the project.
        project: The project's folder; empty: the working directory.
    """

    measure: Measure
    k: int
    bound: float
    cases: str
    project: str = ""

    @property
    def name(self) -> str:
        return f"{measure_name(self.measure, self.k)}({self.cases}, {self.bound:g})"

    absolute: ClassVar[bool] = True
    compares: ClassVar[bool] = False

    def in_project(self, project: Path) -> "RetrievalThreshold":
        """The same, with its file relative to a project's folder."""
        return msgspec.structs.replace(self, project=str(project))

    def __call__(self, candidate: Retrieves, champion: Retrieves | None, evidence: object = None) -> Verdict:  # noqa: ARG002
        try:
            labelled, values = _values(self, candidate)
        except LoopwrightError as error:
            return unknown(self.name, f"{error.what}. {error.why}".strip(), threshold=self.bound)
        found = quality(values, measure_name(self.measure, self.k))
        good = found.value >= self.bound
        return Verdict(
            check=self.name,
            outcome=Outcome.PASS if good else Outcome.FAIL,
            reason=f"{found.measure} {found.value:.4f} {'>=' if good else '<'} {self.bound:g}",
            value=found.value,
            threshold=self.bound,
            interval=_interval(found),
            n=found.n,
            details={"cases": labelled.digest},
        )


class NotWorseRetrieval(msgspec.Struct, frozen=True, kw_only=True, tag=_TO_COMPARE, tag_field="check"):
    """Non-inferiority to the champion's index, on the same questions: the lower end of the gain's paired 95 % interval
    lies above `-margin`. One that straddles it is no verdict, nor are fewer than 30 questions.

    Attributes:
        measure: Which.
        k: Ranks that count.
        margin: The loss that is acceptable.
        cases: The labelled set's file, relative to the project.
        project: The project's folder; empty: the working directory.
    """

    measure: Measure
    k: int
    margin: float
    cases: str
    project: str = ""

    @property
    def name(self) -> str:
        return f"{_TO_COMPARE}({measure_name(self.measure, self.k)}, {self.cases}, {self.margin:g})"

    absolute: ClassVar[bool] = False
    compares: ClassVar[bool] = True

    def in_project(self, project: Path) -> "NotWorseRetrieval":
        """The same, with its file relative to a project's folder."""
        return msgspec.structs.replace(self, project=str(project))

    def __call__(self, candidate: Retrieves, champion: Retrieves | None, evidence: object = None) -> Verdict:  # noqa: ARG002
        if champion is None:
            return not_applicable(self.name, "there is no champion to compare with", threshold=-self.margin)
        if champion.retriever is None:
            return not_applicable(self.name, "the champion reads no index", threshold=-self.margin)
        try:
            _, values = _values(self, candidate)
            _, other = _values(self, champion)
        except LoopwrightError as error:
            return unknown(self.name, f"{error.what}. {error.why}".strip(), threshold=-self.margin)
        if values.size < _FEWEST:
            return unknown(self.name, f"{values.size} questions are too few to compare on", n=int(values.size))
        return self._judged(gain(values, other, measure_name(self.measure, self.k)))

    def _judged(self, found: Quality) -> Verdict:
        interval = _interval(found)
        if interval is None:
            return unknown(self.name, f"the difference in {found.measure} is undefined on these questions", n=found.n)
        low, high = interval
        if low >= -self.margin:
            outcome, words = Outcome.PASS, f"not worse by more than {self.margin:g}"
        elif high < -self.margin:
            outcome, words = Outcome.FAIL, f"worse by more than {self.margin:g}"
        else:
            outcome = Outcome.UNKNOWN
            words = f"these questions cannot tell whether it is worse by more than {self.margin:g}"
        return Verdict(
            check=self.name, outcome=outcome, value=found.value, threshold=-self.margin, interval=interval, n=found.n,
            reason=f"{found.measure} gains {found.value:+.4f} ({low:+.4f} to {high:+.4f}): {words}",
        )  # fmt: skip


def recall_at(k: int, at_least: float, *, cases: str) -> RetrievalThreshold:
    """Of what is relevant, at least this share is among the first k, on the mean of a labelled set.

    Args:
        k: Ranks that count, 1 to 100.
        at_least: 0 to 1.
        cases: A JSON lines file, relative to the project: `{"question": "…", "relevant": ["docs/a.md"]}`.

    Raises:
        UsageError: A figure is out of bounds.
    """
    return _threshold("recall", k, at_least, cases=cases)


def mrr(at_least: float, *, cases: str, k: int = 10) -> RetrievalThreshold:
    """The mean of 1 / the rank of the first relevant document is at least this. Arguments and errors: `recall_at`."""
    return _threshold("mrr", k, at_least, cases=cases)


def ndcg(k: int, at_least: float, *, cases: str) -> RetrievalThreshold:
    """The mean nDCG over the first k is at least this; grades count where the set has them. As `recall_at`."""
    return _threshold("ndcg", k, at_least, cases=cases)


def not_worse_retrieval(measure: Measure, margin: float, *, cases: str, k: int = 10) -> NotWorseRetrieval:
    """The candidate's index is shown to be worse than the champion's by at most `margin`.

    Args:
        measure: `recall`, `mrr` or `ndcg`.
        margin: The loss that is acceptable, as 0.02.
        cases: As `recall_at`.
        k: Ranks that count.

    Raises:
        UsageError: There is no such measure, or a figure is out of bounds.
    """
    _check(measure, k, margin)
    return NotWorseRetrieval(measure=measure, k=k, margin=margin, cases=cases)


def _threshold(measure: Measure, k: int, at_least: float, *, cases: str) -> RetrievalThreshold:
    _check(measure, k, at_least)
    return RetrievalThreshold(measure=measure, k=k, bound=at_least, cases=cases)


def _check(measure: str, k: int, figure: float) -> None:
    if measure not in ("recall", "mrr", "ndcg"):
        raise UsageError(f"{measure!r} is no measure of retrieval", why="there are: recall, mrr, ndcg")
    if not 1 <= k <= MOST_RANKS:
        raise UsageError(f"k={k}", why=f"from 1 to {MOST_RANKS} ranks can count")
    if not (math.isfinite(figure) and 0.0 <= figure <= 1.0):
        raise UsageError(f"{figure} is no share", why="measures of retrieval are from 0 to 1")


def _values(rule: RetrievalThreshold | NotWorseRetrieval, of: Retrieves) -> tuple[LabelledSet, Floats]:
    if of.retriever is None:
        raise UsageError("the application reads no index")
    labelled = read_labelled(Path(rule.project) / rule.cases)
    return labelled, values_of(of.retriever, labelled.questions, rule.measure, k=rule.k)


def _interval(found: Quality) -> tuple[float, float] | None:
    return None if found.low is None or found.high is None else (found.low, found.high)
