"""Retraining and an incident's way as lines for a person."""

import pytest

from loopwright.app.retraining.budget import Money
from loopwright.app.retraining.by_hand import Answered
from loopwright.app.retraining.requests import Request, Suggestion
from loopwright.app.retraining.retrain import Retrain, StepProgress
from loopwright.app.retraining.view import RetrainingView, TriggerView
from loopwright.app.trace_times import Course, Stage, Times
from loopwright.cli.show_course import show_course
from loopwright.cli.show_retraining import outcome_of, running_line, show_answered, show_retraining

RUNS = Retrain(id="ret_1", loop="a", cause="c", reason="x moved", trigger="on_alert()", actor="controller",
               started_at=0, progress=StepProgress(kind="started", step="train", index=1, total=3))  # fmt: skip
ENDED = Retrain(id="ret_0", loop="a", cause="c", reason="r", trigger="manual", actor="user:a", started_at=0,
                state="ended", outcome="released", candidate="c" * 64, settled="rolled_back", seconds=2.0,
                release="rel_1", cost=Money(amount=0.5, currency="USD"))  # fmt: skip
WISH = Request(id="req_1", loop="a", reason="a new contract", actor="user:a", at=0)


def test_everything_that_waits_or_runs_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    suggestion = Suggestion(id="sug_1", loop="a", cause="c", reason="x moved", trigger="on_alert()", at=0)
    view = RetrainingView(
        loop="a", mode="suggest", triggers=(TriggerView(trigger="on_alert()", words="1 open", wants=True, held="why"),),
        running=RUNS, requests=(WISH,), suggestions=(suggestion,), missed=2, seconds_left=1800.0, newest=(ENDED,),
    )  # fmt: skip
    show_retraining(view)
    shown = capsys.readouterr().out
    for words in ("2 in a row not better", "0.50 h", "1 open", "why", "step 2 of 3: train", "req_1 waits",
                  "loopwright retrain accept sug_1", "release rolled back", "0.50 USD"):  # fmt: skip
        assert words in shown


def test_a_wish_that_ran_and_one_that_waits(capsys: pytest.CaptureFixture[str]) -> None:
    show_answered(Answered(request=WISH, retrain=ENDED))
    assert "loopwright release show rel_1" in capsys.readouterr().out
    show_answered(Answered(request=WISH, waits="frozen"))
    assert "req_1 waits: frozen" in capsys.readouterr().out
    assert "runs since" in running_line(RUNS)
    assert outcome_of(ENDED).startswith("released, version cccccccccccc, release rolled back, 2.0 s")


def test_the_way_of_an_incident(capsys: pytest.CaptureFixture[str]) -> None:
    hour = 3_600_000_000
    stages = (Stage(name="alert", at=0, seq=7), Stage(name="resolved", at=27 * hour, seq=9, since_us=27 * hour))
    show_course(Course(stages=stages, times=Times(total_us=27 * hour, retraining_us=0, training_s=7.5)))
    shown = capsys.readouterr().out
    for words in ("#7", "+1d 3h", "detection not known", "retraining 0s (7.5 s of the machine's time)", "total 1d 3h"):
        assert words in shown
