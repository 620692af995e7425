import numpy as np
import pytest

from loopwright.errors import UsageError
from loopwright.release.evidence import Evidence, expected_losses, output_values, paired, paired_losses


def test_binary_losses_are_brier_differences():
    label = np.array(["yes", "no", "yes"])
    found = paired_losses(
        "binary", label, np.array([0.9, 0.2, 0.5]), champion=np.array([0.6, 0.2, 1.0]), classes=("no", "yes")
    )
    assert found == pytest.approx([0.01 - 0.16, 0.0, 0.25])


def test_boolean_labels_need_no_classes():
    assert paired_losses("binary", np.array([True]), np.array([0.0]), champion=np.array([1.0])) == pytest.approx([1.0])


def test_multiclass_losses_are_halved_brier_differences():
    label, champion = np.array(["b", "c"]), np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    candidate = np.array([[1.0, 0.0, 0.0], [0.5, 0.0, 0.5]])
    found = paired_losses("multiclass", label, candidate, champion=champion, classes=("a", "b", "c"))
    assert found == pytest.approx([1.0, 0.25])


def test_regression_losses_are_absolute_errors_in_units_of_the_scale_cut_at_one():
    label = np.array([10.0, 10.0, 10.0])
    found = paired_losses(
        "regression", label, np.array([11.0, 10.0, 99.0]), champion=np.array([10.0, 14.0, 10.0]), scale=2.0
    )
    assert found == pytest.approx([0.5, -1.0, 1.0])


def test_pairs_that_are_not_known_are_left_out():
    label = np.array(["yes", None, "maybe", "no"], object)
    scores = np.array([np.nan, 0.5, 0.5, 0.5])
    found = paired_losses("binary", label, scores, champion=np.full(4, 0.4), classes=("no", "yes"))
    assert found == pytest.approx([0.25 - 0.16])
    assert len(paired_losses("regression", np.array([np.nan]), np.ones(1), champion=np.ones(1), scale=1.0)) == 0


def test_a_regression_without_a_scale_is_refused():
    with pytest.raises(UsageError):
        paired_losses("regression", np.ones(1), np.ones(1), champion=np.ones(1))


def test_outputs_become_values_between_0_and_1():
    assert output_values("binary", np.array([0.2, np.nan, 1.0])).tolist() == [0.2, 1.0]
    assert output_values("multiclass", np.array([[0.2, 0.7, 0.1]])).tolist() == [0.7]
    assert output_values("regression", np.array([5.0, -9.0]), reference=np.array([1.0, 9.0, 4.0, 7.0])).tolist() == [
        0.5,
        0.0,
    ]
    assert len(output_values("regression", np.array([5.0]))) == 0


def test_labelled_requests_of_a_binary_task_keep_their_scores():
    label = np.array(["yes", None, "maybe", "no", "no"], object)
    scores = np.array([0.9, 0.5, 0.5, np.nan, 0.2])
    found = paired("binary", label, scores, champion=np.full(5, 0.4), classes=("no", "yes"))
    assert found.positive.tolist() == [True, False]
    assert (found.candidate.tolist(), found.champion.tolist()) == ([0.9, 0.2], [0.4, 0.4])
    assert found.losses == pytest.approx([0.01 - 0.36, 0.04 - 0.16])


def test_labelled_requests_of_another_task_have_losses_only():
    found = paired("regression", np.array([1.0]), np.array([2.0]), champion=np.array([1.0]), scale=2.0)
    assert (found.losses.tolist(), found.positive.size) == ([0.5], 0)


def test_a_version_expects_of_itself_what_it_is_unsure_of():
    assert expected_losses("binary", np.array([0.0, 0.5, 0.9])) == pytest.approx([0.0, 0.25, 0.09])
    assert expected_losses("multiclass", np.array([0.75])).tolist() == [0.25]


def test_of_an_arm_that_sent_nothing_nothing_has_come_in():
    assert Evidence().of("candidate").totals.requests == 0
