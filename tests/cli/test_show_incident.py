"""Incidents for a person's eyes."""

import pytest
from tests.app.notify.conftest import AT, an_incident

from loopwright.app.monitor.incident_view import IncidentList, IncidentView
from loopwright.cli.show_incident import show_incident, show_incidents, show_notifications
from loopwright.monitoring.explanation import Explanation
from loopwright.monitoring.incident import Mending, Resolution


def shown(capsys: pytest.CaptureFixture[str], **changes: object) -> str:
    incident = an_incident(**changes)
    show_incident(IncidentView(endpoint="flights", incident=incident, silence=None, words=(), notifications=()))
    return capsys.readouterr().out


def test_a_version_under_watch_an_end_and_what_is_not_known_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    mending = Mending(version="beef" * 8, since=AT)
    assert "version beefbeefbeef is watched" in shown(capsys, state="mending", mending=mending)
    resolution = Resolution(at=AT, ending="confirmed", reason="seen to be fixed")
    assert "confirmed: seen to be fixed" in shown(capsys, state="resolved", mending=mending, resolution=resolution)
    assert "not known: segments" in shown(capsys, explanation=Explanation(missing=("segments: too few",)))


def test_where_there_is_nothing_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show_incidents(IncidentList(incidents=(), silences=()))
    show_notifications(())
    assert capsys.readouterr().out.split("\n")[:2] == ["no incident", "no message"]
