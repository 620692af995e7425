"""The alerts as they are declared."""

import re

import pytest

from loopwright.export.grafana import expressions
from loopwright.export.prometheus_alerts import ALERTS, Alert
from loopwright.export.prometheus_rules import RECORDED
from loopwright.monitoring.rules.rule import SEVERITIES
from loopwright.web.metric_families import FAMILIES
from loopwright.web.monitor_families import MONITOR_FAMILIES


def known_series() -> set[str]:
    names = set(RECORDED)
    for family in (*FAMILIES, *MONITOR_FAMILIES):
        ends = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}[family.kind]
        names |= {family.name + end for end in ends}
    return names


@pytest.mark.parametrize("expr", [*(alert.expr for alert in ALERTS), *RECORDED.values(), *expressions()])
def test_every_series_that_is_asked_for_is_one_that_is_given(expr: str) -> None:
    asked = set(re.findall(r"(?:\w+:)?loopwright_\w+(?::\w+)?", expr))
    assert asked
    assert asked <= known_series()


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_can_be_routed_and_says_what_to_type(alert: Alert) -> None:
    assert alert.severity in SEVERITIES or "severity" in alert.labels
    assert alert.command.startswith("loopwright ")
    used = set(re.findall(r"\$labels\.(\w+)", alert.summary + alert.description + alert.command))
    assert used <= {*alert.labels, "severity"}
    assert alert.fires != alert.quiet


def test_names_are_unique() -> None:
    assert len({alert.name for alert in ALERTS}) == len(ALERTS)
