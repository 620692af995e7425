"""Incidents of a period."""

from pathlib import Path

import pytest
from tests.app.monitor.a_watched_home import DAY, FIRST, NAME, a_home, an_incident

from loopwright.app.monitor.report_incidents import SHOWN, IncidentsSeen, concerns, incidents_seen
from loopwright.app.workspace import Workspace


@pytest.fixture
def home(tmp_path: Path) -> Workspace:
    return a_home(tmp_path)


def seen(home: Workspace, first: int = 0, last: int = 10) -> IncidentsSeen:
    return incidents_seen(home.stores.ledger, NAME, since=(FIRST + first) * DAY, until=(FIRST + last) * DAY)


def test_open_ones_come_first_and_states_are_counted(home: Workspace) -> None:
    an_incident(home, "inc_late", state="resolved", opened=5, updated=6)
    an_incident(home, "inc_open", opened=2)
    found = seen(home)
    assert [one.id for one in found.incidents] == ["inc_open", "inc_late"]
    assert found.by_state == {"open": 1, "resolved": 1}
    assert found.incidents[0].columns == ("distance",)
    assert found.incidents[0].resolved_at is None
    assert found.incidents[1].resolved_at == (FIRST + 6) * DAY
    assert [one.kind for one in found.happenings] == ["incident_opened", "incident_opened"]


def test_a_period_has_what_was_open_in_it(home: Workspace) -> None:
    an_incident(home, "inc_old", state="resolved", opened=1, updated=2)
    an_incident(home, "inc_open", opened=3)
    assert [one.id for one in seen(home, 4, 6).incidents] == ["inc_open"]
    assert seen(home, 0, 1).incidents == ()
    assert [one.id for one in seen(home, 2, 3).incidents] == ["inc_old"]


def test_a_storm_is_counted_whole_and_shown_in_part(home: Workspace) -> None:
    for number in range(SHOWN + 5):
        an_incident(home, f"inc_{number:03}")
    found = seen(home)
    assert len(found.incidents) == SHOWN
    assert found.by_state == {"open": SHOWN + 5}


def test_what_explains_an_incident_is_carried_cut(home: Workspace) -> None:
    an_incident(home, root_cause={"columns": [{"column": f"c{i}"} for i in range(900)], "upstream": []})
    (found,) = seen(home).incidents
    assert len(found.explained["root_cause"]["columns"]) == 20


@pytest.mark.parametrize(
    ("subject", "data", "ours"),
    [
        (f"model:{NAME}@champion", {}, True),
        ("release:rel_1", {"endpoint": NAME}, True),
        ("release:rel_1", {"endpoint": "other"}, False),
        (f"dataset:{NAME}", {}, False),
    ],
)
def test_whose_event_it_is(subject: str, data: dict, ours: bool) -> None:
    assert concerns(subject, data, NAME) is ours
