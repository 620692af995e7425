"""What holds a retrain back. Pure functions of what is declared, what has happened, and the time."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from loopwright.app.retraining.budget import Budget, Price, Spent, over_budget
from loopwright.app.retraining.past import Past
from loopwright.app.retraining.retraining import Mode, Retraining
from loopwright.app.retraining.triggers import OnAlert, Trigger
from loopwright.core.clock import SECOND, Micros, iso
from loopwright.release.freeze import Freeze, frozen_until

DAY: Micros = 86_400 * SECOND
LEAST_BACK_OFF: Micros = 600 * SECOND
"""What a cooldown that is shorter counts as once a retrain was not better."""
MOST_DOUBLINGS = 6
_ANSWERED = frozenset({"released", "unchanged", "rejected", "inconclusive", "finished"})


class Brakes(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared, for one trigger.

    Attributes:
        cooldown: The least time between two retrains, in microseconds.
        max_per_day: How many may lie within a day; any number where None.
        freeze: When none starts.
        budgets, price: What they may cost, and what they do cost.
        mode: Whether it runs, or is suggested.
        backs_off: Whether it waits longer after retrains that were not better.
    """

    cooldown: Micros = 0
    max_per_day: int | None = None
    freeze: tuple[Freeze, ...] = ()
    budgets: tuple[Budget, ...] = ()
    price: Price | None = None
    mode: Mode = "run"
    backs_off: bool = True


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What there is at this moment.

    Attributes:
        under_way: The run that is going on, in words; empty where there is none.
        releasing: Whether a release is under way: one retrain at a time, its release included.
        champion_since: When the champion took its place.
        now: The workspace's time.
    """

    now: Micros
    under_way: str = ""
    releasing: bool = False
    champion_since: Micros = 0


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What the brakes say."""

    action: Literal["run", "suggest", "suppress"]
    reason: str = ""


def brakes_of(retraining: Retraining, trigger: Trigger, *, price: Price | None) -> Brakes:
    """The brakes that hold for a trigger: its own, and those of the loop."""
    most = [m for m in (retraining.max_per_day, trigger.max_per_day if isinstance(trigger, OnAlert) else None) if m]
    return Brakes(
        cooldown=max(trigger.cooldown, retraining.cooldown_us),
        max_per_day=min(most, default=None),
        freeze=tuple(retraining.freeze),
        budgets=retraining.budgets,
        price=price,
        mode=retraining.mode,
    )


def by_hand(retraining: Retraining, *, price: Price | None, forced: bool) -> Brakes:
    """The brakes that hold for what a person asks for: freeze windows and budgets, unless they insist."""
    if forced:
        return Brakes(backs_off=False)
    return Brakes(freeze=tuple(retraining.freeze), budgets=retraining.budgets, price=price, backs_off=False)


def brake(brakes: Brakes, cause: str, past: Past, *, once: bool = False, seen: Seen) -> Decision:
    """Whether a wanted retrain may start. Pure.

    Args:
        brakes: What is declared.
        cause: The name of what wants it.
        past: Earlier retrains.
        once: Whether one answer to this cause is enough, as to so many new rows; an incident may be answered again.
        seen: What goes on now.
    """
    reasons = (
        _busy(seen),
        _frozen(brakes.freeze, seen.now),
        _answered(cause, past) if once else "",
        _cooling(brakes, past, seen),
        _too_many(brakes.max_per_day, past, seen.now),
        over_budget(brakes.budgets, brakes.price, spent_of(past), now=seen.now),
    )
    reason = next(filter(None, reasons), "")
    if reason:
        return Decision(action="suppress", reason=reason)
    return Decision(action="suggest" if brakes.mode == "suggest" else "run")


def misses(past: Past, *, since: Micros) -> int:
    """How many retrains in a row were not better, counted from the newest back to a release or a new champion. Pure.

    Args:
        past: Earlier retrains.
        since: When the champion took its place; what ended before says nothing about it.
    """
    count = 0
    for ended in reversed(past.ended):
        if ended.outcome == "suppressed":
            continue
        if not ended.not_better or ended.ended_at < since:
            break
        count += 1
    return count


def waits(cooldown: Micros, missed: int) -> Micros:
    """How long after a retrain the next may start: twice as long for each in a row that was not better. Pure."""
    if not missed:
        return cooldown
    return int(max(cooldown, LEAST_BACK_OFF) * 2 ** min(missed, MOST_DOUBLINGS))


def spent_of(past: Past) -> Sequence[Spent]:
    """What earlier retrains took, oldest first."""
    return [Spent(at=ended.started_at, seconds=ended.seconds) for ended in past.ended if ended.outcome != "suppressed"]


def _busy(seen: Seen) -> str:
    if seen.under_way:
        return f"{seen.under_way} is under way"
    return "a release is under way" if seen.releasing else ""


def _frozen(freeze: Sequence[Freeze], now: Micros) -> str:
    until = frozen_until(freeze, now)
    return f"frozen until {iso(until)[:16]}Z" if until is not None else ""


def _answered(cause: str, past: Past) -> str:
    found = [ended for ended in past.ended if ended.cause == cause and ended.outcome in _ANSWERED]
    return f"a retrain has answered this: {found[-1].outcome}" if found else ""


def _cooling(brakes: Brakes, past: Past, seen: Seen) -> str:
    missed = misses(past, since=seen.champion_since) if brakes.backs_off else 0
    wait = waits(brakes.cooldown, missed)
    if not past.started or seen.now - past.started[-1] >= wait:
        return ""
    until = iso(past.started[-1] + wait)[:16]
    if missed:
        factor = 2 ** min(missed, MOST_DOUBLINGS)
        return f"the last {missed} retrains were not better: the cooldown is {factor} times as long, until {until}Z"
    return f"the last retrain is within the cooldown, until {until}Z"


def _too_many(max_per_day: int | None, past: Past, now: Micros) -> str:
    today = [at for at in past.started if now - at < DAY]
    return f"{len(today)} retrains in the last day" if max_per_day is not None and len(today) >= max_per_day else ""
