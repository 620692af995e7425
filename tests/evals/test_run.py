"""Evaluations ask each case once, keep what was paid for, and never count what could not be judged."""

import asyncio

import pytest
from tests.evals.subjects import Says, numbered

from loopwright.core.ids import random_id
from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.run import run_evaluation
from loopwright.evals.score import Score
from loopwright.evals.scorer import Scorer
from loopwright.evals.scorers.code import code
from loopwright.evals.scorers.text import contains, exact
from loopwright.store.open_stores import create_home, open_stores
from loopwright.testing.clocks import ManualClock


class Paid(Scorer):
    """A scorer that costs and counts."""

    name = "paid"
    costs = True
    digest = "d" * 64

    def __init__(self, verdict="pass"):
        self.calls = 0
        self.verdict = verdict

    async def score(self, case, answer):
        self.calls += 1
        return Score(scorer=self.name, verdict=self.verdict, value=1.0, cost_usd=0.01)


def raises(case, answer):
    raise ValueError("broken")


def run(subject, cases, *scorers, **more):
    return asyncio.run(run_evaluation(subject, cases, scorers, **more))


@pytest.fixture
def kv(tmp_path):
    clock = ManualClock()
    create_home(tmp_path / "home", replay=False, ids=random_id, clock=clock)
    stores = open_stores(tmp_path / "home", clock=clock, ids=random_id)
    yield stores.kv
    stores.close()


def test_every_case_is_answered_and_scored_in_the_order_of_the_set():
    subject = Says(lambda case: "yes" if case.id != "q3" else "no")
    result = run(subject, numbered(10), exact(), contains(), repeats=2, concurrency=3)
    assert [(row.case, row.repeat) for row in result.rows] == [(f"q{at}", r) for at in range(10) for r in range(2)]
    assert (result.summary("exact").passed, result.summary("exact").failed) == (18, 2)
    assert result.summary("exact").rate.value == pytest.approx(0.9)
    assert result.cost_usd == pytest.approx(0.02)


def test_no_more_cases_are_under_way_than_allowed():
    subject = Says(lambda case: "yes", wait_s=0.001)
    run(subject, numbered(20), exact(), concurrency=4)
    assert subject.most_under_way == 4


def test_an_answer_that_is_an_error_has_no_verdict_and_its_own_count():
    broken = Answer(error="LW516", why="the upstream failed")
    result = run(Says(lambda case: broken if case.id == "q0" else "yes"), numbered(4), exact())
    summary = result.summary("exact")
    assert (summary.passed, summary.failed, summary.no_verdict) == (3, 0, 1)
    assert summary.rate.value == 1.0
    assert summary.rate.n == 3
    assert result.errors == {"LW516": 1}


def test_a_subject_or_scorer_that_raises_stops_nothing():
    def say(case):
        if case.id == "q1":
            raise RuntimeError("a bug")
        return "yes"

    result = run(Says(say), numbered(3), code(raises), exact())
    assert result.errors == {"LW900": 1}
    assert result.summary("raises").no_verdict == 3
    assert any("broken" in reason for reason in result.summary("raises").unjudged)
    assert result.summary("exact").passed == 2


def test_what_is_kept_is_not_asked_or_paid_again(kv):
    judge = Paid()
    first = run(Says(lambda case: "yes"), numbered(5), judge, kept=KeptAnswers(kv, clock=ManualClock()))
    subject = Says(lambda case: "no")
    seen = []
    second = run(subject, numbered(5), judge, kept=KeptAnswers(kv, clock=ManualClock()), on_progress=seen.append)
    assert subject.asked == []
    assert judge.calls == 5
    assert (first.asked, first.kept, second.asked, second.kept) == (5, 0, 0, 5)
    assert [row.answer.text for row in second.rows] == ["yes"] * 5
    assert seen[-1].spent_usd == 0.0
    assert second.cost_usd == first.cost_usd


def test_another_version_repeat_or_question_is_asked(kv):
    run(Says(lambda case: "yes"), numbered(2), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    other = Says(lambda case: "yes", version="v2")
    run(other, numbered(2), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    assert len(other.asked) == 2
    more = Says(lambda case: "yes")
    run(more, numbered(3), exact(), repeats=2, kept=KeptAnswers(kv, clock=ManualClock()))
    assert sorted(more.asked) == [("q0", 1), ("q1", 1), ("q2", 0), ("q2", 1)]


def test_a_corrected_expectation_asks_nobody_again(kv):
    run(Says(lambda case: "yes"), numbered(2), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    subject = Says(lambda case: "never")
    result = run(subject, numbered(2, expected="no"), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    assert subject.asked == []
    assert result.summary("exact").failed == 2


def test_errors_and_missing_verdicts_are_asked_again(kv):
    judge = Paid("no_verdict")
    broken = Answer(error="LW516")
    run(Says(lambda case: broken), numbered(2), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    subject = Says(lambda case: "yes")
    run(subject, numbered(2), judge, kept=KeptAnswers(kv, clock=ManualClock()))
    assert len(subject.asked) == 2
    run(subject, numbered(2), judge, kept=KeptAnswers(kv, clock=ManualClock()))
    assert len(subject.asked) == 2
    assert judge.calls == 4


def test_a_judge_that_changed_or_a_case_that_did_is_judged_anew(kv):
    old, new = Paid(), Paid("fail")
    new.digest = "e" * 64
    run(Says(lambda case: "yes"), numbered(2), old, kept=KeptAnswers(kv, clock=ManualClock()))
    result = run(Says(lambda case: "yes"), numbered(2), new, kept=KeptAnswers(kv, clock=ManualClock()))
    assert result.summary("paid").failed == 2
    run(Says(lambda case: "yes"), numbered(2, expected="other"), old, kept=KeptAnswers(kv, clock=ManualClock()))
    assert old.calls == 4


def test_fresh_asks_again_and_replaces(kv):
    run(Says(lambda case: "old"), numbered(1), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    run(Says(lambda case: "new"), numbered(1), exact(), kept=KeptAnswers(kv, clock=ManualClock(), fresh=True))
    last = run(Says(lambda case: "never"), numbered(1), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    assert last.rows[0].answer.text == "new"


def test_a_run_that_is_stopped_keeps_what_was_answered(kv):
    stop = asyncio.Event()

    async def stopped():
        subject = Says(lambda case: "yes", wait_s=0.001)

        def enough(progress):
            if progress.done == 7:
                stop.set()

        kept = KeptAnswers(kv, clock=ManualClock())
        task = asyncio.ensure_future(
            run_evaluation(subject, numbered(50), [exact()], concurrency=1, kept=kept, on_progress=enough)
        )
        await stop.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(stopped())
    subject = Says(lambda case: "yes")
    run(subject, numbered(50), exact(), kept=KeptAnswers(kv, clock=ManualClock()))
    assert 40 <= len(subject.asked) <= 43


def test_two_scorers_of_one_name_are_refused():
    with pytest.raises(UsageError, match="two scorers"):
        run(Says(lambda case: "yes"), numbered(1), exact(), exact())


def test_a_store_that_fails_stops_the_run_with_its_own_error(kv):
    class Full(KeptAnswers):
        def flush(self):
            from loopwright.errors import NoSpaceError

            raise NoSpaceError("the disk is full")

    from loopwright.errors import NoSpaceError

    subject = Says(lambda case: "yes", wait_s=0.001)
    with pytest.raises(NoSpaceError):
        run(subject, numbered(1000), exact(), kept=Full(kv, clock=ManualClock()), concurrency=4)
    assert len(subject.asked) < 80


def test_a_run_that_fails_asks_nobody_any_further():
    def once(progress):
        if progress.done == 5:
            raise RuntimeError("a bug of the caller's")

    subject = Says(lambda case: "yes", wait_s=0.001)
    with pytest.raises(RuntimeError, match="a bug"):
        run(subject, numbered(500), exact(), concurrency=4, on_progress=once)
    assert len(subject.asked) < 15
