"""When each rule would have spoken, and which of its words were false by the user's own marking. Pure."""

from collections.abc import Iterator, Sequence

import msgspec

from loopwright.app.monitor.report_rules import Point, RuleView
from loopwright.core.clock import Micros


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A half-open span in which something was really wrong."""

    since: Micros
    until: Micros


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch in which a check failed.

    Attributes:
        check: Its name.
        since: The end of the first period that failed.
        until: The end of the last.
        periods: How many failed in a row.
        severity: Of the rule.
        false: Whether nothing was wrong when it began, by the marking; None where nothing was marked.
        delay_us: How long after the beginning of what was wrong it spoke; None where it is false or unmarked.
    """

    check: str
    since: Micros
    until: Micros
    periods: int
    severity: str
    false: bool | None = None
    delay_us: Micros | None = None


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What one check came to over the replay; `missed` counts marked spans in which it never began to fail."""

    check: str
    alarms: tuple[Alarm, ...]
    failed: int
    unknown: int
    periods: int
    false: int | None = None
    missed: int | None = None


def spoken(rule: RuleView, marked: Sequence[Span]) -> Spoken:
    """The stretches in which a check failed; an unknown in between does not end one."""
    alarms = tuple(_alarms(rule, marked))
    outcomes = [point.outcome for point in rule.points]
    missed = [span for span in marked if not any(_in(span, alarm.since) for alarm in alarms)]
    return Spoken(
        check=rule.check,
        alarms=alarms,
        failed=outcomes.count("fail"),
        unknown=outcomes.count("unknown"),
        periods=len(outcomes),
        false=sum(bool(alarm.false) for alarm in alarms) if marked else None,
        missed=len(missed) if marked else None,
    )


def _alarms(rule: RuleView, marked: Sequence[Span]) -> Iterator[Alarm]:
    run: list[Point] = []
    for point in rule.points:
        if point.outcome == "fail":
            run.append(point)
        elif point.outcome != "unknown" and run:
            yield _alarm(rule, run, marked)
            run = []
    if run:
        yield _alarm(rule, run, marked)


def _alarm(rule: RuleView, run: Sequence[Point], marked: Sequence[Span]) -> Alarm:
    since = run[0].at
    found = next((span for span in marked if _in(span, since)), None)
    return Alarm(
        check=rule.check,
        since=since,
        until=run[-1].at,
        periods=len(run),
        severity=rule.severity,
        false=None if not marked else found is None,
        delay_us=None if found is None else since - found.since,
    )


def _in(span: Span, at: Micros) -> bool:
    return span.since <= at <= span.until
