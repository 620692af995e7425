"""Retraining policies in words, and the pure question each asks at the end of a day."""

import re
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from loopwright.app.loop import Loop
from loopwright.app.retraining.triggers import OnAlert, OnNewData
from loopwright.core.clock import Micros, parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.rules.drift import DriftRule, drift
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import DAY

Rule = TypeVar("Rule")
DEFAULTS = ("never", "monthly", "drift", "performance")
_WORDS: dict[str, Micros] = {"daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY}
_ALERT_COOLDOWN: Micros = 14 * DAY
_FIX = "Write never, daily, weekly, monthly, every:45d, rows:20000, drift, performance, or loop."


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """When to retrain. What is None asks for nothing; `never` has none of them.

    Attributes:
        name: As it was written.
        every: Once in so long, in microseconds.
        rows: Once so many new labelled rows are known since the model's training.
        drift: When this rule opens an incident.
        performance: When this rule does.
        cooldown: How long after a retrain no other starts.
    """

    name: str
    every: Micros | None = None
    rows: int | None = None
    drift: DriftRule | None = None
    performance: PerformanceRule | None = None
    cooldown: Micros = 0


class Evening(msgspec.Struct, frozen=True, kw_only=True):
    """What is known at the end of a day: `alarms` are the reasons of the rules that failed."""

    now: Micros
    trained_at: Micros
    tried_at: Micros
    new_rows: int
    alarms: tuple[str, ...] = ()


def wanted(policy: Policy, evening: Evening) -> str:
    """Why the policy wants to retrain this evening; empty where it does not. Pure."""
    if evening.now - evening.tried_at < policy.cooldown:
        return ""
    if policy.every is not None and evening.now - evening.tried_at >= policy.every:
        return "the schedule"
    if policy.rows is not None and evening.new_rows >= policy.rows:
        return f"{evening.new_rows:,} new rows"
    watched = policy.drift is not None or policy.performance is not None
    return "; ".join(evening.alarms) if watched else ""


def policy_of(text: str, loop: Loop) -> Policy:
    """The policy that a word names.

    Args:
        text: `never`, `daily`, `weekly`, `monthly`, `every:DURATION`, `rows:COUNT`, `drift`, `performance`, or `loop`:
            what the loop file declares.
        loop: Whose rules `drift`, `performance` and `loop` take.

    Raises:
        UsageError: No such policy, or the loop declares no rule for it.
    """
    if text == "never":
        return Policy(name=text)
    if text in _WORDS:
        return Policy(name=text, every=_WORDS[text])
    kind, _, value = text.partition(":")
    if kind == "every" and value:
        return Policy(name=text, every=_duration(value))
    if kind == "rows" and re.fullmatch(r"[1-9][0-9]*", value):
        return Policy(name=text, rows=int(value))
    if text in ("drift", "performance", "loop"):
        return _by_rules(text, loop)
    raise UsageError(f"there is no policy {text!r}", fix=_FIX)


def _duration(text: str) -> Micros:
    try:
        length = parse_duration(text)
    except ValueError as error:
        raise UsageError(f"every:{text} is no policy", why=str(error), fix=_FIX) from error
    if length < DAY:
        raise UsageError(f"every:{text} is shorter than a day", why="the past is played day by day", fix=_FIX)
    return length


def _by_rules(text: str, loop: Loop) -> Policy:
    alerts = [trigger for trigger in loop.retrain if isinstance(trigger, OnAlert)]
    cooldown = alerts[0].cooldown if alerts else _ALERT_COOLDOWN
    drifts = _declared(loop.monitor, DriftRule)
    performances = _declared(loop.monitor, PerformanceRule)
    if text == "performance" and not performances:
        raise UsageError(
            "the policy 'performance' needs a rule to go by",
            why=f"the loop {loop.name!r} declares no lw.performance(...) under monitor=",
            fix='Add one, as lw.performance("roc_auc", loss_at_most=0.03), or leave the policy out.',
        )
    rows = [t.rows for t in loop.retrain if isinstance(t, OnNewData) and t.rows is not None]
    return Policy(
        name=text,
        cooldown=cooldown,
        drift=(drifts[0] if drifts else drift()) if text in ("drift", "loop") else None,
        performance=performances[0] if performances and text in ("performance", "loop") else None,
        rows=min(rows) if rows and text == "loop" else None,
    )


def _declared(rules: Sequence[object], kind: type[Rule]) -> list[Rule]:
    return [rule for rule in rules if isinstance(rule, kind)]
