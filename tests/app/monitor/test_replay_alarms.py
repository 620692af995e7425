"""When a rule would have spoken."""

import pytest

from loopwright.app.monitor.replay_alarms import Span, Spoken, spoken
from loopwright.app.monitor.report_rules import Point, RuleView


def a_rule(outcomes: str) -> RuleView:
    """One letter a period: p, f, w or u."""
    names = {"p": "pass", "f": "fail", "w": "warn", "u": "unknown"}
    points = tuple(Point(at=10 * i, outcome=names[letter]) for i, letter in enumerate(outcomes))
    return RuleView(
        check="c", rule="c", kind="c", opens=True, sequential=False, latest={}, severity="warning", points=points
    )


@pytest.mark.parametrize(
    ("outcomes", "stretches"),
    [
        ("pppp", []),
        ("pffp", [(10, 20, 2)]),
        ("fpf", [(0, 0, 1), (20, 20, 1)]),
        ("pfufp", [(10, 30, 2)]),
        ("uuff", [(20, 30, 2)]),
        ("fwf", [(0, 0, 1), (20, 20, 1)]),
    ],
)
def test_an_alarm_is_a_stretch_of_failures(outcomes: str, stretches: list[tuple[int, int, int]]) -> None:
    found = spoken(a_rule(outcomes), ())
    assert [(alarm.since, alarm.until, alarm.periods) for alarm in found.alarms] == stretches
    assert (found.failed, found.unknown) == (outcomes.count("f"), outcomes.count("u"))
    assert found.false is None


def marked(outcomes: str, *spans: tuple[int, int]) -> Spoken:
    return spoken(a_rule(outcomes), [Span(since=since, until=until) for since, until in spans])


def test_what_began_outside_of_the_marked_spans_is_false() -> None:
    found = marked("fppfpp", (25, 45))
    assert [alarm.false for alarm in found.alarms] == [True, False]
    assert (found.false, found.missed) == (1, 0)
    assert found.alarms[1].delay_us == 5
    assert found.alarms[0].delay_us is None


def test_a_span_in_which_nothing_began_is_missed() -> None:
    found = marked("pfp", (5, 15), (100, 200))
    assert (found.false, found.missed) == (0, 1)
