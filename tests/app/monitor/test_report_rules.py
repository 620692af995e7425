"""What rules have said, day by day."""

from pathlib import Path

import pytest
from tests.app.monitor.a_watched_home import DAY, FIRST, NAME, a_home, drift_of, look, report_of, verdict

import loopwright as lw
from loopwright.app.monitor.report_rules import (
    LINES,
    cut,
    days_between,
    effect_of,
    end_of,
    figure_is_evidence,
    rules_seen,
)
from loopwright.app.workspace import Workspace
from loopwright.store.ledger import Record


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    workspace = a_home(tmp_path)
    for day in range(10):
        look(
            workspace,
            day,
            drift={"verdicts": [drift_of(10.0**day / 1e6)], "reports": [report_of(("distance", 0.03 * day))]},
            latency={"verdicts": [verdict("latency", "fail" if day == 9 else "pass", 0.1)], "looks": 1440, "failed": 3},
        )
    return workspace


def seen(home: Workspace, first: int = 0, last: int = 10, **more: object):
    since, until = (FIRST + first) * DAY, (FIRST + last) * DAY
    return rules_seen(home.stores.ledger, NAME, since=since, until=until, **more)


def test_every_check_has_a_point_a_day_at_the_days_end(home: Workspace) -> None:
    found = {rule.check: rule for rule in seen(home).rules}
    assert list(found) == ["drift", "drift report", "latency"]
    assert [point.at for point in found["drift"].points] == [(FIRST + day + 1) * DAY for day in range(10)]
    assert found["drift"].sequential
    assert not found["latency"].sequential
    assert not found["drift report"].opens
    assert (found["latency"].looks, found["latency"].failed) == (14_400, 30)
    assert found["latency"].latest["outcome"] == "fail"


@pytest.mark.parametrize(
    ("details", "evidence"),
    [
        ({"mean_time_between_false_alarms": 1_000}, True),
        ({"mean_time_between_false_alarms_windows": 1_000}, True),
        ({"mean_time_between_false_alarms_periods": 105_120, "evidence": 3.0}, False),
        ({"coverage": 0.5}, False),
    ],
)
def test_the_figure_of_a_measure_is_no_evidence(details: dict[str, float], evidence: bool) -> None:
    assert figure_is_evidence(details) is evidence


def test_a_period_has_the_days_that_it_touches(home: Workspace) -> None:
    assert seen(home, 3, 5).days == 2
    ledger = home.stores.ledger
    touched = days_between(ledger, NAME, since=(FIRST + 3) * DAY + 1, until=(FIRST + 4) * DAY + 1)
    assert [int(record.data["day"]) - FIRST for record in touched] == [3, 4]
    assert seen(home, 20, 30).days == 0
    assert seen(home, 20, 30).rules == ()


def test_a_day_that_is_not_over_ends_when_it_was_looked_at() -> None:
    at = FIRST * DAY + 7
    assert end_of(Record(kind="watch_day", id="x", data={"day": FIRST}, at=at)) == at
    assert end_of(Record(kind="watch_day", id="x", data={"day": FIRST}, at=at + 3 * DAY)) == (FIRST + 1) * DAY


def test_the_loop_file_gives_kind_severity_and_owner(home: Workspace) -> None:
    rules = [lw.drift(severity="critical", owner="team-a")]
    (drift, _, latency) = seen(home, rules=rules).rules
    assert (drift.kind, drift.severity, drift.owner) == ("drift", "critical", "team-a")
    assert (latency.kind, latency.severity) == ("latency", "")


def test_the_columns_that_moved_furthest_have_a_line(home: Workspace) -> None:
    (line,) = seen(home).lines
    assert line.column == "distance"
    assert line.effect == pytest.approx([0.03 * day for day in range(10)])
    look(home, 10, drift={"reports": [report_of(*((f"c{i}", i / 100) for i in range(40)))]})
    assert [one.column for one in seen(home, 0, 11).lines][:2] == ["c39", "c38"]
    assert len(seen(home, 0, 11).lines) == LINES


def test_a_record_of_format_one_is_read(home: Workspace) -> None:
    record = Record(
        kind="watch_day",
        id=f"{NAME}/{FIRST + 10}",
        data={"day": FIRST + 10, "verdicts": [drift_of(3.0)], "reports": []},
        facets={"endpoint": NAME, "day": FIRST + 10},
        at=(FIRST + 11) * DAY,
    )
    home.stores.ledger.commit(records=[record])
    drift = next(rule for rule in seen(home, 0, 11).rules if rule.check == "drift")
    assert drift.points[-1].value == 3.0


def test_long_lists_and_texts_are_cut() -> None:
    found = cut({"a": list(range(1_000)), "b": "x" * 9_000, "c": {"d": [{"e": [1] * 500}]}}, most=20)
    assert len(found["a"]) == 20
    assert len(found["b"]) == 1_000
    assert len(found["c"]["d"][0]["e"]) == 20


def test_a_columns_effect_is_its_strongest_tested_one_in_floors() -> None:
    tested = {"effect": -0.3, "floor": 0.1, "p_value": 0.01}
    shown = {"effect": 9.0, "floor": 0.1, "p_value": None}
    assert effect_of({"effects": [tested, shown]}) == pytest.approx(3.0)
    assert effect_of({"effects": [shown]}) == 0.0
    assert effect_of({"total_variation": 0.2}) == 0.2
    assert effect_of({"effect": None}) is None


def test_a_sequential_rule_stays_one_when_it_has_no_verdict(home: Workspace) -> None:
    look(home, 10, drift={"verdicts": [verdict("drift", "unknown")]})
    assert next(rule for rule in seen(home, 0, 11).rules if rule.check == "drift").sequential
