"""A gate passes only on evidence: every outcome by table, crashes and NaN as unknown, the first champion held back."""

from typing import Any, ClassVar

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.codec import canonical
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import UsageError
from loopwright.gates.behaviour import invariant_to
from loopwright.gates.builtin import at_least, not_worse_than_champion
from loopwright.gates.fairness import fair
from loopwright.gates.gate import FIRST, Evidence, GateResult, Predictions, describe, run_gate
from loopwright.gates.slices import every_slice

P, W, F, U, N = Outcome.PASS, Outcome.WARN, Outcome.FAIL, Outcome.UNKNOWN, Outcome.NOT_APPLICABLE
EVIDENCE = Evidence(task="binary", classes=(False, True), label=np.array([True, False] * 50))
SCORES = Predictions(scores=np.array([0.9, 0.1] * 50))


class Says(msgspec.Struct, frozen=True, kw_only=True):
    """A check that answers what it is told to."""

    name: str
    answer: Any
    absolute: bool = True
    compares: bool = False

    def __call__(self, candidate: Predictions, champion: Predictions | None, evidence: Evidence) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        if isinstance(self.answer, Outcome):
            return Verdict(check=self.name, outcome=self.answer, reason="told")
        return self.answer


def gate(*answers: Any, first: bool = False, champion: Predictions | None = SCORES, **more: Any) -> GateResult:
    checks = [Says(name=f"c{i}", answer=answer, **more) for i, answer in enumerate(answers)]
    return run_gate(checks, SCORES, champion, evidence=EVIDENCE, first=first)


@pytest.mark.parametrize(
    ("answers", "outcome"),
    [
        ((P,), P), ((P, N), P), ((P, W), W), ((W,), W), ((N,), U), ((), U), ((U,), U), ((P, U), U), ((W, U), U),
        ((P, F), F), ((F, U), F), ((N, F), F),
    ],
)  # fmt: skip
def test_outcome_by_table(answers: tuple[Outcome, ...], outcome: Outcome) -> None:
    result = gate(*answers)
    assert result.outcome is outcome
    assert result.passed == (outcome in (P, W))


@given(st.lists(st.sampled_from(list(Outcome)), max_size=6), st.booleans())
def test_unknown_and_fail_never_pass(answers: list[Outcome], first: bool) -> None:
    result = gate(*answers, first=first)
    if result.passed:
        assert not {F, U} & set(answers)
        assert {P, W} & set(answers)


@pytest.mark.parametrize("answer", [ValueError("bad rows"), None, True, "pass"])
def test_crash_or_no_verdict_is_unknown_with_its_reason(answer: Any) -> None:
    result = gate(P, answer)
    assert result.outcome is U
    assert result.verdicts[1].check == "c1"
    assert ("ValueError: bad rows" if isinstance(answer, Exception) else "instead of a verdict") in result.verdicts[
        1
    ].reason


@pytest.mark.parametrize("figures", [{"value": np.nan}, {"value": np.inf}, {"value": 1.0, "interval": (0.0, np.nan)}])
def test_pass_that_rests_on_nan_is_unknown_and_fail_stays_fail(figures: dict[str, Any]) -> None:
    for told, found in ((P, U), (W, U), (F, F), (N, N)):
        verdict = gate(Verdict(check="c0", outcome=told, reason="r", **figures)).verdicts[0]
        assert verdict.outcome is found
        assert msgspec.json.decode(canonical(verdict), type=Verdict) == verdict


def test_first_champion_needs_an_absolute_rule_that_passes() -> None:
    assert gate(P, first=True).outcome is P
    assert gate(W, first=True).outcome is W
    held = gate(P, first=True, absolute=False)
    assert held.outcome is U
    assert held.verdicts[-1].check == FIRST
    mixed = [Says(name="a", answer=N), Says(name="b", answer=P, absolute=False)]
    assert run_gate(mixed, SCORES, None, evidence=EVIDENCE, first=True).outcome is U


def test_comparison_is_not_applicable_to_the_first_and_unknown_where_the_champion_cannot_answer() -> None:
    checks = [at_least("roc_auc", 0.6), not_worse_than_champion("roc_auc", 0.01)]
    first = run_gate(checks, SCORES, None, evidence=EVIDENCE, first=True)
    assert [v.outcome for v in first.verdicts] == [P, N]
    assert first.outcome is P
    given = run_gate(checks, SCORES, SCORES, evidence=EVIDENCE, first=True)
    assert [v.outcome for v in given.verdicts] == [P, N]
    missing = run_gate(checks, SCORES, None, evidence=EVIDENCE, first=False)
    assert [v.outcome for v in missing.verdicts] == [P, U]
    assert missing.outcome is U


def test_only_comparisons_become_unknown_without_the_champion() -> None:
    checks = [at_least("roc_auc", 0.6), every_slice("roc_auc", by="c", at_least=0.5, min_rows=1000)]
    evidence = Evidence(task="binary", classes=(False, True), label=EVIDENCE.label, slices={"c": np.array(["a"] * 100)})
    assert [v.outcome for v in run_gate(checks, SCORES, None, evidence=evidence, first=False).verdicts] == [P, N]


def test_check_twice_is_refused() -> None:
    with pytest.raises(UsageError, match=r"at_least\(roc_auc, 0.6\) twice"):
        run_gate([at_least("roc_auc", 0.6), at_least("roc_auc", 0.60)], SCORES, None, evidence=EVIDENCE, first=True)


def test_wrong_number_of_scores_is_unknown() -> None:
    short = Predictions(scores=np.array([0.5]))
    slices = {"c": np.array(["a"] * 100)}
    evidence = Evidence(task="binary", classes=(False, True), label=EVIDENCE.label, slices=slices)
    checks = [
        at_least("roc_auc", 0.6),
        not_worse_than_champion("roc_auc", 0.01),
        every_slice("roc_auc", by="c", at_least=0.5),
        fair("demographic_parity", by="c", within=0.1),
    ]
    assert {v.outcome for v in run_gate(checks, short, SCORES, evidence=evidence, first=False).verdicts} == {U}


def test_description_tells_rules_apart() -> None:
    checks = [
        at_least("roc_auc", 0.6), at_least("roc_auc", 0.7), not_worse_than_champion("roc_auc", 0.01),
        not_worse_than_champion("roc_auc", 0.01, level=0.9), every_slice("roc_auc", by="c", at_least=0.5),
        every_slice("roc_auc", by="c", at_least=0.5, min_rows=9), fair("equal_opportunity", by="c", within=0.1),
        fair("equal_opportunity", by="c", within=0.1, cutoff=0.4), invariant_to("x"),
    ]  # fmt: skip
    assert len({canonical(describe(check)) for check in checks}) == len(checks)
    assert describe(checks[0]) == {"check": "threshold", "metric": "roc_auc", "side": "at_least", "bound": 0.6}


def test_check_of_another_kind_is_described_by_its_type_and_name() -> None:
    class Own:
        name = "own"
        absolute: ClassVar[bool] = True
        compares: ClassVar[bool] = False

        def __call__(self, candidate: Any, champion: Any, evidence: Any) -> Verdict:
            return Verdict(check="own", outcome=P, reason="r")

    assert describe(Own())["name"] == "own"
    assert run_gate([Own()], SCORES, None, evidence=EVIDENCE, first=True).outcome is P


@pytest.mark.parametrize(("said", "heard"), [(P, U), (W, U), (N, U), (U, U), (F, F)])
def test_a_rule_that_compares_knows_nothing_without_the_champion_that_there_is(said: Outcome, heard: Outcome) -> None:
    assert gate(said, champion=None, compares=True).verdicts[0].outcome is heard


def test_a_check_may_describe_itself() -> None:
    class Told(Says, frozen=True, kw_only=True):
        def describe(self) -> dict[str, Any]:
            return {"check": "told", "bounds": 0.9}

    assert describe(Told(name="c", answer=P)) == {"check": "told", "bounds": 0.9}
