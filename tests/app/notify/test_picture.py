"""The picture of a message."""

import re

import msgspec
from tests.app.notify.conftest import AT, Outbox, an_incident

from loopwright.app.notify.picture import incident_chart, plain_style
from loopwright.store.ledger import Record

DAY = 86_400_000_000


def test_it_shows_the_check_day_by_day_its_level_and_when_it_spoke(outbox: Outbox) -> None:
    workspace = outbox.workspace()
    verdicts = [{"check": "drift", "value": 7.0}, {"check": "other", "value": 3.0}, {"check": "drift", "value": None}]
    day = AT // DAY - 1
    data = {"day": day, "rules": {"drift": {"verdicts": verdicts, "reports": []}}}
    facets = {"endpoint": "flights", "day": day}
    workspace.stores.ledger.commit(records=[Record(kind="watch_day", id=f"flights/{day}", data=data, facets=facets)])
    chart = incident_chart(workspace, "flights", msgspec.to_builtins(an_incident()))
    assert chart is not None
    assert chart.form == "power"
    assert [round(10**value) for value in chart.series[0].value] == [7, 2500]
    assert [marker.label for marker in chart.markers] == ["changed", "opened"]
    assert 10 ** chart.thresholds[0].value == 1000


def test_without_a_figure_there_is_none(outbox: Outbox) -> None:
    incident = msgspec.to_builtins(an_incident())
    incident["findings"][0]["value"] = None
    assert incident_chart(outbox.workspace(), "flights", incident) is None


def test_the_style_names_colours_and_no_variables() -> None:
    assert not re.search(r"var\(", plain_style())
    assert "--page" in plain_style()
