"""Evaluations as they are read in a terminal."""

import pytest
from tests.export.test_evaluation_texts import reported

from loopwright.app.evaluations.journey import Done
from loopwright.app.evaluations.live import LiveTurn
from loopwright.app.evaluations.review import ToReview
from loopwright.cli.show_evaluation import show_agreement, show_done, show_kept, show_preferences
from loopwright.cli.show_review import show_queue, show_turn
from loopwright.evals.calibration import ScorerAgreement
from loopwright.evals.pairs import Preferences
from loopwright.evals.result import Range


def test_what_models_said_moves_no_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    kept, result = reported()
    show_done([Done(kept=kept, result=result)], [])
    show_kept([kept])
    said = capsys.readouterr().out
    assert "\x1b[31m" not in said
    assert "judge" in said


def test_what_is_not_known_is_a_dash(capsys: pytest.CaptureFixture[str]) -> None:
    show_agreement([ScorerAgreement(scorer="s", n=0, kappa=Range(), share=None, confusion={}, no_verdict=3)])
    assert capsys.readouterr().out.count("–") >= 2


def test_an_empty_queue_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    show_queue([])
    assert "llm_log_content" in capsys.readouterr().out


def test_preferences_queues_and_turns(capsys: pytest.CaptureFixture[str]) -> None:
    kept, _ = reported()
    show_preferences(
        Preferences(wins=3, losses=1, ties=2, no_verdict=4, gain=Range(value=0.3), p_value=0.6, unjudged={"why": 4}),
        [kept, kept],
    )
    show_queue([ToReview(request_id="req_1", reason="thumbs_down", question="q", answer="a", failed=("refusal",))])
    show_turn(LiveTurn(calls=9, judged=2, left_out=1, verdicts={"s/no_verdict": 2}, judging_usd=0.5, until=0))
    said = capsys.readouterr().out
    assert "3 better, 1 worse, 2 even, 4 without a verdict" in said
    assert "thumbs down" in said
    assert "s/no verdict: 2" in said
