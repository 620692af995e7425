"""Scorers are held against people's labels."""

import asyncio
import json

import pytest
from tests.evals.subjects import Says, case, numbered

from loopwright.errors import SourceError
from loopwright.evals.answer import Answer
from loopwright.evals.calibration import HumanLabel, calibrate, labels_of, read_labels
from loopwright.evals.case import Cases
from loopwright.evals.given import GivenAnswers
from loopwright.evals.run import run_evaluation
from loopwright.evals.scorers.text import contains, exact


def test_agreement_is_beyond_chance_and_leaves_out_what_has_no_verdict():
    subject = Says(lambda one: Answer(error="LW516") if one.id == "q9" else "yes" if one.id < "q5" else "no")
    result = asyncio.run(run_evaluation(subject, numbered(10), [exact()]))
    labels = [HumanLabel(case=f"q{n}", label="pass" if n < 6 else "fail") for n in range(10)]
    (found,) = calibrate(result, [*labels, HumanLabel(case="other", label="pass")])
    assert (found.n, found.no_verdict) == (9, 1)
    assert found.share == pytest.approx(8 / 9)
    assert found.confusion == {"pass/pass": 5, "fail/pass": 1, "fail/fail": 3}
    assert found.apart == ("q5",)
    assert 0.7 < found.kappa.value < 0.8


def test_a_label_for_one_scorer_is_not_held_against_another():
    result = asyncio.run(run_evaluation(Says(lambda one: "yes"), numbered(2), [exact(), contains()]))
    by_name = {one.scorer: one for one in calibrate(result, [HumanLabel(case="q0", label="fail", scorer="exact")])}
    assert by_name["exact"].n == 1
    assert by_name["contains"].n == 0
    assert by_name["contains"].share is None


def test_cases_may_bring_answers_and_labels_along():
    cases = Cases(
        name="c",
        cases=(
            case("a", "yes", metadata={"answer": "yes", "label": "pass", "passages": ["p"]}),
            case("b", "yes", metadata={"answer": "no", "label": "fail"}),
            case("c", "yes"),
        ),
    )
    result = asyncio.run(run_evaluation(GivenAnswers(cases), cases, [exact()]))
    assert [row.answer.text for row in result.rows] == ["yes", "no", ""]
    assert result.rows[0].answer.passages[0].text == "p"
    assert result.summary("exact").no_verdict == 1
    (found,) = calibrate(result, labels_of(cases.cases))
    assert (found.n, found.share) == (2, 1.0)


@pytest.mark.parametrize(
    "line", ["{", '{"case": "a"}', '{"case": "a", "label": "good"}', '{"case": "a", "label": "pass", "x": 1}']
)
def test_a_line_that_is_no_label_is_named(tmp_path, line):
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({"case": "z", "label": "pass"}) + "\n" + line)
    with pytest.raises(SourceError, match="line 2"):
        read_labels(path)


def test_labels_are_read(tmp_path):
    path = tmp_path / "labels.jsonl"
    path.write_text('{"case": "z", "label": "pass", "by": "ann"}\n\n')
    assert read_labels(path) == (HumanLabel(case="z", label="pass", by="ann"),)
    with pytest.raises(SourceError):
        read_labels(tmp_path / "none.jsonl")
