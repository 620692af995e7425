"""A policy's way through a past that turns round on one day."""

import numpy as np
import pytest
from tests.app.policies.conftest import FIRST_DAY, TURNED

import loopwright as lw
from loopwright.app.policies.course import Span, play
from loopwright.app.policies.history import History
from loopwright.app.policies.policy import Policy
from loopwright.app.policies.trained import Trained, Trainer
from loopwright.errors import StepFailedError
from loopwright.gates.builtin import at_least
from loopwright.monitoring.reference import DAY

SPAN = Span(first=FIRST_DAY + 40, end=FIRST_DAY + 120)
GATE = (at_least("roc_auc", 0.6),)


def nothing(days: int) -> None:
    """No bar."""


def test_never_answers_with_the_first_model_throughout(trainer: Trainer, history: History) -> None:
    course = play(Policy(name="never"), trainer, SPAN, checks=GATE, over=nothing)
    rows = history.between(SPAN.first * DAY, SPAN.end * DAY)
    assert course.retrains == ()
    assert np.array_equal(course.scores, trainer.train(SPAN.first * DAY).scores(history.rows)[rows])


def test_each_model_answers_from_the_day_after_its_training(trainer: Trainer, history: History) -> None:
    course = play(Policy(name="every", every=50 * DAY), trainer, SPAN, checks=GATE, over=nothing)
    (retrain,) = course.retrains
    assert (retrain.at, retrain.outcome) == ((SPAN.first + 50) * DAY, "released")
    rows = history.between(SPAN.first * DAY, SPAN.end * DAY)
    switch = history.between(SPAN.first * DAY, retrain.at).stop - rows.start
    whole = history.rows
    first, second = trainer.train(SPAN.first * DAY), trainer.train(retrain.at)
    assert np.array_equal(course.scores[:switch], first.scores(whole)[rows][:switch])
    assert np.array_equal(course.scores[switch:], second.scores(whole)[rows][switch:])


def test_a_candidate_that_the_gate_refuses_does_not_answer(trainer: Trainer) -> None:
    never = play(Policy(name="never"), trainer, SPAN, checks=GATE, over=nothing)
    refused = play(
        Policy(name="every", every=20 * DAY), trainer, SPAN, checks=(at_least("roc_auc", 0.999),), over=nothing
    )
    assert {retrain.outcome for retrain in refused.retrains} == {"rejected"}
    assert np.array_equal(refused.scores, never.scores)


def test_drift_and_performance_speak_after_the_turn_and_not_before(trainer: Trainer) -> None:
    for policy in (
        Policy(name="drift", drift=lw.drift(), cooldown=30 * DAY),
        Policy(
            name="performance", performance=lw.performance("roc_auc", loss_at_most=0.1, min_labels=200),
            cooldown=30 * DAY,
        ),
    ):  # fmt: skip
        course = play(policy, trainer, SPAN, checks=GATE, over=nothing)
        assert course.retrains, policy.name
        assert TURNED * DAY < course.retrains[0].at <= (TURNED + 25) * DAY, policy.name


@pytest.mark.parametrize("window", ["500 rows", "1d"])
def test_a_rule_of_any_window_speaks_after_the_turn(trainer: Trainer, window: str) -> None:
    policy = Policy(name="drift", drift=lw.drift(window=window), cooldown=15 * DAY)
    course = play(policy, trainer, SPAN, checks=GATE, over=nothing)
    retrain = course.retrains[0]
    assert TURNED * DAY < retrain.at <= (TURNED + 25) * DAY
    assert "x" in retrain.reason


def test_a_rule_of_shorter_blocks_than_the_reference_counts_is_unknown_and_sets_nothing_off(trainer: Trainer) -> None:
    """Forty rows a day are too few to be kept by the hour: blocks of half a day have nothing to be told from."""
    policy = Policy(name="drift", drift=lw.drift(window="12h"), cooldown=15 * DAY)
    assert play(policy, trainer, SPAN, checks=GATE, over=nothing).retrains == ()


def test_a_training_that_fails_is_a_retrain_that_failed(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    train = Trainer.train

    def fails_later(self: Trainer, at: int, champion: Trained | None = None) -> Trained:
        if at > SPAN.first * DAY:
            raise StepFailedError("the step 'train' failed", step="train")
        return train(self, at, champion)

    monkeypatch.setattr(Trainer, "train", fails_later)
    course = play(Policy(name="every", every=60 * DAY), trainer, SPAN, checks=GATE, over=nothing)
    assert [retrain.outcome for retrain in course.retrains] == ["failed"]
    assert "train" in course.retrains[0].reason
    assert len(course.scores) == 80 * 40
