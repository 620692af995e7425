"""How well scorers agree with people."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from loopwright.errors import SourceError
from loopwright.evals.compare import scored
from loopwright.evals.result import EvaluationResult, Range
from loopwright.evals.summary import as_range
from loopwright.stats.agreement import cohens_kappa


class HumanLabel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person says of an answer.

    Attributes:
        case: The case's id.
        label: The person's verdict.
        repeat: Which of several answers.
        scorer: The scorer whose question the person answered; empty: any.
        by: Who said so, if known.
        note: Why.
    """

    case: str
    label: Literal["pass", "fail"]
    repeat: int = 0
    scorer: str = ""
    by: str = ""
    note: str = ""


class ScorerAgreement(msgspec.Struct, frozen=True, kw_only=True):
    """One scorer beside people.

    Attributes:
        scorer: Its name.
        n: Answers that both judged.
        kappa: Cohen's, with its interval; unknown where one of them always says the same.
        share: Of these answers, on which they agree.
        confusion: `SCORER/PERSON` to how often, as `pass/fail`.
        no_verdict: Labelled answers that the scorer has no verdict on.
        apart: Cases on which they differ.
    """

    scorer: str
    n: int
    kappa: Range
    share: float | None
    confusion: Mapping[str, int]
    no_verdict: int
    apart: tuple[str, ...] = ()


def calibrate(result: EvaluationResult, labels: Sequence[HumanLabel]) -> tuple[ScorerAgreement, ...]:
    """Every scorer's agreement with the labels; labels of answers that the result does not have are passed over."""
    return tuple(_agreement(result, labels, summary.scorer) for summary in result.summaries)


def read_labels(path: Path) -> tuple[HumanLabel, ...]:
    """Labels from JSON lines: `{"case": ID, "label": "pass" | "fail"}`, and other fields of `HumanLabel`.

    Raises:
        SourceError: The file is not there, or a line of it is no label, which is named.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path.name} cannot be read", why=str(error)) from error
    found = []
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            try:
                found.append(msgspec.convert(json.loads(line), HumanLabel))
            except (ValueError, msgspec.ValidationError) as error:
                raise SourceError(f"{path.name}, line {number} is no label", why=str(error)) from error
    if not found:
        raise SourceError(f"there is no label in {path.name}")
    return tuple(found)


def labels_of(cases: Sequence[Any]) -> tuple[HumanLabel, ...]:
    """The labels that cases bring along as `metadata.label`, for the answers that they bring along."""
    said = [(case.id, case.metadata.get("label")) for case in cases]
    return tuple(HumanLabel(case=case, label=label) for case, label in said if label in ("pass", "fail"))


def _agreement(result: EvaluationResult, labels: Sequence[HumanLabel], scorer: str) -> ScorerAgreement:
    by_answer = {(row.case, row.repeat): score for row, score in scored(result, scorer)}
    known = [
        (by_answer[label.case, label.repeat].verdict, label)
        for label in labels
        if label.scorer in ("", scorer) and (label.case, label.repeat) in by_answer
    ]
    both = [(str(verdict), label) for verdict, label in known if verdict != "no_verdict"]
    found = cohens_kappa([verdict for verdict, _ in both], [label.label for _, label in both])
    return ScorerAgreement(
        scorer=scorer,
        n=found.n,
        kappa=as_range(found.kappa),
        share=found.share if found.n else None,
        confusion={f"{mine}/{theirs}": count for (mine, theirs), count in found.confusion.items()},
        no_verdict=len(known) - len(both),
        apart=tuple(label.case for verdict, label in both if verdict != label.label),
    )
