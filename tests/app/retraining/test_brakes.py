"""What holds a retrain back, by table."""

from typing import Any

import pytest

from loopwright.app.cron import cron
from loopwright.app.retraining.brakes import LEAST_BACK_OFF, Brakes, Seen, brake, brakes_of, by_hand, misses, waits
from loopwright.app.retraining.budget import parse_budget, parse_price
from loopwright.app.retraining.past import Ended, Past
from loopwright.app.retraining.retraining import Retraining
from loopwright.app.retraining.triggers import on_alert, on_labels
from loopwright.core.clock import SECOND
from loopwright.release.freeze import Freeze

HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOW = 100 * DAY
ALERT = Brakes(cooldown=6 * HOUR, max_per_day=2)
DATA = Brakes(cooldown=6 * HOUR)


@pytest.mark.parametrize(
    ("declared", "started", "seen", "action", "reason"),
    [
        (ALERT, (), {}, "run", ""),
        (ALERT, (), {"releasing": True}, "suppress", "a release is under way"),
        (ALERT, (), {"under_way": "a run by hand"}, "suppress", "a run by hand is under way"),
        (ALERT, (NOW - 6 * HOUR,), {}, "run", ""),
        (ALERT, (NOW - 6 * HOUR + 1,), {}, "suppress", "cooldown"),
        (ALERT, (NOW - 7 * HOUR,), {"releasing": True}, "suppress", "a release is under way"),
        (ALERT, (NOW - 20 * HOUR, NOW - 7 * HOUR), {}, "suppress", "2 retrains in the last day"),
        (ALERT, (NOW - DAY, NOW - 7 * HOUR), {}, "run", ""),
        (DATA, (NOW - 20 * HOUR, NOW - 14 * HOUR, NOW - 7 * HOUR), {}, "run", ""),
        (DATA, (NOW - HOUR,), {}, "suppress", "cooldown"),
        (ALERT, (NOW,), {}, "suppress", "cooldown"),
        (Brakes(), (NOW,), {}, "run", ""),
        (Brakes(mode="suggest"), (), {}, "suggest", ""),
        (Brakes(mode="suggest", cooldown=HOUR), (NOW,), {}, "suppress", "cooldown"),
    ],
)
def test_cooldown_most_a_day_and_single_flight(
    declared: Brakes, started: tuple[int, ...], seen: dict[str, Any], action: str, reason: str
) -> None:
    decision = brake(declared, "incident:x", Past(started=started), seen=Seen(now=NOW, **seen))
    assert decision.action == action
    assert reason in decision.reason
    assert bool(decision.reason) == (action == "suppress")


def ended(*outcomes: str, settled: str = "", cause: str = "c", at: int = NOW - DAY) -> tuple[Ended, ...]:
    return tuple(
        Ended(cause=cause, started_at=at, ended_at=at, outcome=outcome, settled=settled)  # type: ignore[arg-type]
        for outcome in outcomes
    )


@pytest.mark.parametrize(
    ("outcomes", "settled", "missed"),
    [
        ((), "", 0),
        (("rejected",), "", 1),
        (("rejected", "inconclusive", "failed", "unchanged"), "", 4),
        (("rejected", "released", "failed"), "", 1),
        (("rejected", "released"), "", 0),
        (("rejected", "released"), "promoted", 0),
        (("released", "released"), "rolled_back", 2),
        (("rejected", "suppressed"), "", 1),
    ],
)
def test_what_was_not_better_is_counted_back_to_a_release(outcomes: tuple[str, ...], settled: str, missed: int) -> None:
    assert misses(Past(ended=ended(*outcomes, settled=settled)), since=0) == missed


def test_a_new_champion_ends_the_back_off() -> None:
    past = Past(ended=ended("rejected", "rejected", at=NOW - HOUR))
    assert misses(past, since=NOW - HOUR) == 2
    assert misses(past, since=NOW - HOUR + 1) == 0


def test_the_cooldown_doubles_with_each_miss_up_to_a_bound() -> None:
    assert [waits(6 * HOUR, missed) / (6 * HOUR) for missed in (0, 1, 2, 3)] == [1, 2, 4, 8]
    assert waits(6 * HOUR, 50) == waits(6 * HOUR, 6)
    assert waits(0, 0) == 0
    assert waits(0, 1) == 2 * LEAST_BACK_OFF


@pytest.mark.parametrize(("hours", "action"), [(11, "suppress"), (13, "run")])
def test_after_one_that_was_not_better_the_next_waits_twice_as_long(hours: int, action: str) -> None:
    at = NOW - hours * HOUR
    past = Past(started=(at,), ended=ended("rejected", at=at))
    decision = brake(DATA, "incident:x", past, seen=Seen(now=NOW))
    assert decision.action == action
    assert action == "run" or "not better" in decision.reason


def test_one_answer_is_enough_for_some_causes_and_a_failure_is_none() -> None:
    def action(outcome: str, *, once: bool) -> str:
        past = Past(ended=ended(outcome, cause="rows:1"))
        return brake(Brakes(), "rows:1", past, once=once, seen=Seen(now=NOW)).action

    assert action("rejected", once=True) == "suppress"
    assert action("unchanged", once=True) == "suppress"
    assert action("failed", once=True) == "run"
    assert action("rejected", once=False) == "run"


@pytest.mark.parametrize(
    ("budget", "price", "hours", "reason"),
    [
        ("20 USD/month", "2 USD/h", 8, ""),
        ("20 USD/month", "2 USD/h", 9.5, "budget of 20 USD/month is spent"),
        ("20 USD/month", "5 USD/run", 100, ""),
        ("9 USD/month", "5 USD/run", 1, "spent"),
        ("20 USD/month", "", 0, "not known"),
        ("20 USD/month", "2 EUR/h", 0, "costs EUR"),
        ("10h/month", "", 4, ""),
        ("10h/month", "", 9.5, "spent"),
        ("10h/week", "", 9, ""),
    ],
)
def test_budgets_in_money_and_time_ask_for_what_is_to_come_too(
    budget: str, price: str, hours: float, reason: str
) -> None:
    past = Past(
        ended=(
            Ended(
                cause="c", started_at=NOW - 20 * DAY, ended_at=NOW, outcome="released", seconds=3600.0 * hours - 3600
            ),
            Ended(cause="c", started_at=NOW - DAY, ended_at=NOW, outcome="released", seconds=3600.0 if hours else 0.0),
        )
    )
    declared = Brakes(budgets=(parse_budget(budget),), price=parse_price(price))
    decision = brake(declared, "x", past, seen=Seen(now=NOW))
    assert reason in decision.reason
    assert decision.action == ("suppress" if reason else "run")


def test_freeze_windows_hold_everything_but_what_a_person_insists_on() -> None:
    frozen = Retraining(freeze=[Freeze("1970-04-10 12:00", "1970-04-12 12:00")], budget="1h/day", mode="suggest")
    seen = Seen(now=NOW)  # 1970-04-11
    assert "frozen until 1970-04-12T12:00" in brake(Brakes(freeze=tuple(frozen.freeze)), "x", Past(), seen=seen).reason
    assert brake(by_hand(frozen, price=None, forced=False), "x", Past(), seen=seen).action == "suppress"
    assert brake(by_hand(frozen, price=None, forced=True), "x", Past(), seen=seen).action == "run"


def test_a_person_waits_for_no_cooldown_and_is_not_answered_with_a_suggestion() -> None:
    declared = by_hand(Retraining(mode="suggest", cooldown="7d", max_per_day=1), price=None, forced=False)
    past = Past(started=(NOW,), ended=ended("rejected", at=NOW))
    assert brake(declared, "request:1", past, seen=Seen(now=NOW)).action == "run"


def test_of_the_triggers_brakes_and_the_loops_the_stricter_hold() -> None:
    loop = Retraining(cooldown="2d", max_per_day=3)
    alert = brakes_of(loop, on_alert(cooldown="1d", max_per_day=1), price=None)
    assert (alert.cooldown, alert.max_per_day) == (2 * DAY, 1)
    assert brakes_of(loop, on_labels(5, cooldown="3d"), price=None).max_per_day == 3
    assert brakes_of(Retraining(), cron("0 3 * * *"), price=None).cooldown == 0
