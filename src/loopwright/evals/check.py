"""Evaluations as checks of a gate: an application is judged by the scores of its answers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.hashing import Digest, digest_value
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.evals.case import Cases
from loopwright.evals.case_files import read_cases
from loopwright.evals.compare import compare
from loopwright.evals.result import EvaluationResult, Range, Summary
from loopwright.evals.scorer import Scorer
from loopwright.llm.retriever import Retriever

_ORDER = (Outcome.FAIL, Outcome.UNKNOWN, Outcome.WARN, Outcome.PASS)
"""The worst first: a check that asks for several things is as good as the worst of them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ApplicationEvidence:
    """What is known of one version of an application when its gate runs; prepared by whoever judges.

    Attributes:
        version: The version.
        results: By the name of the evaluation that they are of. A champion that could not be evaluated lacks them,
            which makes rules that compare with it unknown; where there is no champion at all, the gate has None.
        retriever: Its index, open; None without one.
    """

    version: Digest
    results: Mapping[str, EvaluationResult]
    retriever: Retriever | None = None


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluation asks for.

    Attributes:
        at_least: Pass rate by scorer.
        margin: By scorer, the loss of pass rate against the champion that is still acceptable.
        most_no_verdict: Share of answers without a verdict, by each bounded scorer.
        surely: Whether the pass rate's whole interval must lie above, instead of the rate itself.
    """

    at_least: Mapping[str, float] = {}
    margin: Mapping[str, float] = {}
    most_no_verdict: float = 0.02
    surely: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation, and what a candidate must reach in it; see `evaluation`.

    Attributes:
        name: Unique within the gate.
        files: Patterns of files of cases, relative to the project.
        scorers: What judges.
        bounds: What must be reached.
        repeats: Answers to each case.
        concurrency: Cases under way at a time.
    """

    name: str
    files: tuple[str, ...]
    scorers: tuple[Scorer, ...]
    bounds: Bounds
    repeats: int = 1
    concurrency: int = 8

    @property
    def absolute(self) -> bool:
        """Whether a pass says by itself that the candidate is good."""
        return bool(self.bounds.at_least)

    @property
    def compares(self) -> bool:
        """Whether it compares with the champion too."""
        return bool(self.bounds.margin)

    @property
    def digest(self) -> Digest:
        """Names the rule: its files' names, its scorers and its bounds."""
        return digest_value(self.describe())

    def describe(self) -> dict[str, Any]:
        """The rule as JSON, for plans and fingerprints."""
        scorers = [{**scorer.describe(), "digest": scorer.digest} for scorer in self.scorers]
        return {
            "check": "evaluation", "name": self.name, "files": list(self.files), "scorers": scorers,
            "bounds": msgspec.to_builtins(self.bounds), "repeats": self.repeats,
        }  # fmt: skip

    def cases(self, project: Path) -> Cases:
        """The cases as they are now.

        Raises:
            SourceError: No file matches, or one of them holds what is no case.
        """
        return read_cases(self.files, project)

    def __call__(
        self, candidate: ApplicationEvidence, champion: ApplicationEvidence | None, evidence: object = None  # noqa: ARG002 - the form of a check
    ) -> Verdict:  # fmt: skip
        result = candidate.results.get(self.name)
        if result is None:
            return self._verdict(Outcome.UNKNOWN, "the candidate was not evaluated")
        found = [_reached(result, scorer, bound, bounds=self.bounds) for scorer, bound in self.bounds.at_least.items()]
        if self.bounds.margin and champion is not None:
            found += self._against(result, champion)
        if not found:
            reason = "there is no champion to compare with" if self.bounds.margin else "the evaluation asks for nothing"
            return self._verdict(Outcome.NOT_APPLICABLE, reason, details=_details(result))
        worst = min(found, key=lambda one: _ORDER.index(one.outcome))
        reason = "; ".join(one.reason for one in found if one.outcome is worst.outcome)
        more = [one for one in found if one is not worst]
        details = (
            {**_details(result), "others": [msgspec.to_builtins(one) for one in more]} if more else _details(result)
        )
        return msgspec.structs.replace(worst, check=self.name, reason=reason, details=details)

    def _against(self, result: EvaluationResult, champion: ApplicationEvidence) -> list[Verdict]:
        """The rules that compare, each with a verdict of its own."""
        other = champion.results.get(self.name)
        if other is None:
            return [self._verdict(Outcome.UNKNOWN, "there is a champion, but it was not evaluated")]
        try:
            both = {one.scorer: one for one in compare(result, other).differences}
        except UsageError as error:
            return [self._verdict(Outcome.UNKNOWN, f"{error.what}: {error.why}" if error.why else error.what)]
        found = []
        for scorer, margin in self.bounds.margin.items():
            if silent := _silent(result, scorer, bounds=self.bounds):
                found.append(silent)
            elif silent := _silent(other, scorer, bounds=self.bounds):
                found.append(msgspec.structs.replace(silent, reason=f"the champion: {silent.reason}"))
            else:
                found.append(_not_worse(scorer, both[scorer].rate, margin))
        return found

    def _verdict(self, outcome: Outcome, reason: str, **more: Any) -> Verdict:
        return Verdict(check=self.name, outcome=outcome, reason=reason, **more)


def evaluation(
    files: str | tuple[str, ...],
    *scorers: Scorer,
    at_least: float | Mapping[str, float] | None = None,
    margin: float | Mapping[str, float] | None = None,
    most_no_verdict: float = 0.02,
    surely: bool = False,
    name: str = "",
    repeats: int = 1,
) -> Evaluation:
    """A check of a gate: the candidate answers the cases, and the scorers' pass rates are held against bounds.

    As `lw.at_least` does, the rate itself is compared with its bound and the interval is for the reader, unless
    `surely`. Against the champion it is non-inferiority on the same cases, as `lw.not_worse_than_champion` has it: the
    lower end of the difference's interval lies above `-margin`; an interval that straddles it is no verdict. More
    answers without a verdict than `most_no_verdict` make the check unknown, which never passes.

    Args:
        files: Files of cases, as `cases/*.jsonl`, relative to the project; a tuple for several patterns.
        scorers: What judges.
        at_least: Least pass rate, for every scorer or by its name. None: none, the scores are for reports.
        margin: Loss of pass rate against the champion that is still acceptable, for every scorer or by its name.
        most_no_verdict: Greatest share of answers without a verdict, for each scorer that has a bound.
        surely: Whether the whole interval of the pass rate must lie above its bound; it is unknown where it straddles.
        name: Unique within the gate; made of the files and scorers where left out.
        repeats: Answers to each case; they are averaged within the case.

    Raises:
        UsageError: Two scorers have one name, a bound is for none of them, or a number is out of its range.
    """
    patterns = (files,) if isinstance(files, str) else tuple(files)
    names = [scorer.name for scorer in scorers]
    if not patterns or not names or len(set(names)) != len(names):
        raise UsageError("an evaluation needs files of cases and scorers, each with a name of its own", why=f"{names}")
    if repeats < 1:
        raise UsageError(f"repeats={repeats} is not at least 1")
    bounds = Bounds(
        at_least=_by_scorer(at_least, names, "at_least"),
        margin=_by_scorer(margin, names, "margin"),
        most_no_verdict=_share(most_no_verdict, "most_no_verdict"),
        surely=surely,
    )
    shown = name or f"evaluation({', '.join(patterns)}: {', '.join(names)})"
    return Evaluation(name=shown, files=patterns, scorers=tuple(scorers), bounds=bounds, repeats=repeats)


def _by_scorer(given: float | Mapping[str, float] | None, names: list[str], what: str) -> dict[str, float]:
    if given is None:
        return {}
    by_name = dict(given) if isinstance(given, Mapping) else dict.fromkeys(names, given)
    if odd := [name for name in by_name if name not in names]:
        raise UsageError(f"{what} names {odd[0]!r}, which is none of its scorers", fix=f"Name {', '.join(names)}.")
    return {name: _share(bound, what) for name, bound in by_name.items()}


def _share(value: float, what: str) -> float:
    if not math.isfinite(value) or not 0.0 <= value <= 1.0:
        raise UsageError(f"{what}={value} is no share", fix="Give a number from 0 to 1.")
    return float(value)


def _silent(result: EvaluationResult, scorer: str, *, bounds: Bounds) -> Verdict | None:
    """The verdict where too few answers could be judged; None where enough were."""
    summary = result.summary(scorer)
    if summary is None:
        return Verdict(check=scorer, outcome=Outcome.UNKNOWN, reason=f"{scorer} has not judged it")
    if summary.judged and summary.unjudged_share <= bounds.most_no_verdict:
        return None
    why = next(iter(summary.unjudged), "nobody answered")
    asked = summary.judged + summary.no_verdict
    reason = f"{scorer} has no verdict on {summary.no_verdict} of {asked} answers ({why})"
    return Verdict(check=scorer, outcome=Outcome.UNKNOWN, reason=reason, n=summary.judged)


def _reached(result: EvaluationResult, scorer: str, bound: float, *, bounds: Bounds) -> Verdict:
    silent = _silent(result, scorer, bounds=bounds)
    summary = result.summary(scorer)
    if silent is not None or summary is None:
        return msgspec.structs.replace(silent, threshold=bound) if silent else _unknown_rate(scorer, bound)
    rate = summary.rate
    if rate.value is None or rate.low is None or rate.high is None:
        return _unknown_rate(scorer, bound)
    outcome = _decided(rate.value, (rate.low, rate.high), bound=bound, surely=bounds.surely)
    return Verdict(
        check=scorer,
        outcome=outcome,
        reason=_rate_words(summary, bound, outcome=outcome, surely=bounds.surely),
        value=rate.value,
        threshold=bound,
        interval=(rate.low, rate.high),
        n=rate.n,
    )


def _unknown_rate(scorer: str, bound: float) -> Verdict:
    return Verdict(check=scorer, outcome=Outcome.UNKNOWN, reason=f"{scorer} has no pass rate", threshold=bound)


def _decided(value: float, span: tuple[float, float], *, bound: float, surely: bool) -> Outcome:
    if not surely:
        return Outcome.PASS if value >= bound else Outcome.FAIL
    if span[0] >= bound:
        return Outcome.PASS
    return Outcome.FAIL if span[1] < bound else Outcome.UNKNOWN


def _rate_words(summary: Summary, bound: float, *, outcome: Outcome, surely: bool) -> str:
    rate = summary.rate
    said = f"{summary.scorer} passes {rate.value:.4f} of {rate.n} cases"
    span = f" ({rate.low:.4f} to {rate.high:.4f})"
    if not surely:
        return f"{said} {'>=' if outcome is Outcome.PASS else '<'} {bound:g}"
    words = {Outcome.PASS: "surely at least", Outcome.FAIL: "surely less than"}
    return f"{said}{span}: {words.get(outcome, 'too few cases to tell whether it is at least')} {bound:g}"


def _not_worse(scorer: str, rate: Range, margin: float) -> Verdict:
    if rate.value is None or rate.low is None or rate.high is None:
        return Verdict(check=scorer, outcome=Outcome.UNKNOWN, reason=f"{scorer} has no case with two verdicts")
    if rate.low >= -margin:
        outcome, words = Outcome.PASS, f"not worse by more than {margin:g}"
    elif rate.high < -margin:
        outcome, words = Outcome.FAIL, f"worse by more than {margin:g}"
    else:
        outcome, words = Outcome.UNKNOWN, f"{rate.n} cases cannot tell whether it is worse by more than {margin:g}"
    return Verdict(
        check=scorer,
        outcome=outcome,
        reason=f"{scorer} gains {rate.value:+.4f} ({rate.low:+.4f} to {rate.high:+.4f}): {words}",
        value=rate.value,
        threshold=-margin,
        interval=(rate.low, rate.high),
        n=rate.n,
    )


def _details(result: EvaluationResult) -> dict[str, Any]:
    """What a judgement keeps of an evaluation: figures, no content."""
    return {
        "cases": result.cases,
        "name": result.name,
        "errors": dict(result.errors),
        "cost_usd": result.cost_usd + result.judging_usd,
        "scorers": {
            one.scorer: {"passed": one.passed, "failed": one.failed, "no_verdict": one.no_verdict}
            for one in result.summaries
        },
    }
