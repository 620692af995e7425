"""When a look says that something is well again."""

import pytest

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.recovery import standing


def verdict(outcome, **details):
    return Verdict(check="drift", outcome=outcome, reason="", details=details)


@pytest.mark.parametrize(
    ("outcome", "wanted"),
    [
        (Outcome.FAIL, "failing"),
        (Outcome.PASS, "passed"),
        (Outcome.WARN, "passed"),
        (Outcome.UNKNOWN, "unclear"),
        (Outcome.NOT_APPLICABLE, "unclear"),
    ],
)
def test_only_a_pass_is_one(outcome, wanted):
    assert standing(verdict(outcome), (), columns=()) == wanted


@pytest.mark.parametrize("field", ["counts", "moved"])
def test_evidence_that_fades_is_no_repair_while_the_recent_window_lies_where_it_lay(field):
    faded = verdict(Outcome.PASS, columns=[{"column": "wind", field: True}, {"column": "n", field: False}])
    assert standing(faded, (), columns=("wind",)) == "failing"
    assert standing(faded, (), columns=("n",)) == "passed"
    quiet = verdict(Outcome.PASS, columns=[{"column": "wind", field: False}])
    assert standing(quiet, (faded,), columns=("wind",)) == "failing"
    assert standing(quiet, (quiet,), columns=("wind",)) == "passed"


def test_a_recent_window_that_says_nothing_confirms_nothing():
    assert standing(verdict(Outcome.PASS), (verdict(Outcome.UNKNOWN),), columns=("wind",)) == "unclear"


def test_details_of_another_shape_do_no_harm():
    odd = verdict(Outcome.PASS, columns=["wind", 3, {"column": "wind", "moved": None}])
    assert standing(odd, (), columns=("wind",)) == "passed"


@pytest.mark.parametrize(
    ("evidence", "wanted"), [(3.0, "passed"), (19.9, "passed"), (20.0, "failing"), (None, "failing")]
)
def test_under_a_new_champion_a_distance_holds_back_only_with_evidence_of_its_own(evidence, wanted):
    far = verdict(Outcome.PASS, columns=[{"column": "wind", "counts": True, "evidence": evidence}])
    assert standing(far, (), columns=("wind",), anew=True) == wanted
    assert standing(far, (), columns=("wind",)) == "failing"
    moved = verdict(Outcome.WARN, columns=[{"column": "wind", "moved": True}])
    assert standing(verdict(Outcome.PASS), (moved,), columns=("wind",), anew=True) == "failing"
