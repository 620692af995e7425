"""Rule files for Prometheus, and the unit tests that `promtool test rules` runs on them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from loopwright.export.prometheus_alerts import ALERTS, Alert
from loopwright.export.yaml_text import yaml_text

RULES_FILE = "rules.yml"
_HEAD = """\
# Recording and alerting rules for Loopwright. Written by `loopwright monitor rules`; write it again after an upgrade.
# Scrape both ports: the inference port for requests, the control port for monitoring.
# Labels `severity` (info, warning, critical) and `owner` are there for Alertmanager to route by.
"""
RECORDED: Mapping[str, str] = {
    "endpoint:loopwright_requests:rate15m": "sum by (endpoint) (rate(loopwright_requests_total[15m]))",
    "endpoint:loopwright_failures:rate15m": "sum by (endpoint) (rate(loopwright_failures_total[15m]))",
    "endpoint:loopwright_failures:ratio_rate15m": "endpoint:loopwright_failures:rate15m"
    " / (endpoint:loopwright_failures:rate15m + (endpoint:loopwright_requests:rate15m"
    " or endpoint:loopwright_failures:rate15m * 0))",
    "endpoint:loopwright_request_seconds:p99_15m": "histogram_quantile(0.99,"
    " sum by (endpoint, le) (rate(loopwright_request_seconds_bucket[15m])))",
    "endpoint_check:loopwright_drift_evidence_ratio:max": "max by (endpoint, check) (loopwright_drift_evidence_ratio)",
}
"""Recording rules, in an order in which each rests on earlier ones."""


def prometheus_rules(*, owner: str | None = None) -> str:
    """The rule file.

    Args:
        owner: Of alerts whose series name none: the loop's.
    """
    recording = [{"record": name, "expr": expr} for name, expr in RECORDED.items()]
    groups = [
        {"name": "loopwright-recording", "rules": recording},
        {"name": "loopwright-alerts", "rules": [_rule(alert, owner) for alert in ALERTS]},
    ]
    return _HEAD + yaml_text({"groups": groups})


def prometheus_tests(*, owner: str | None = None) -> str:
    """Unit tests of the rule file: every alert fires on a series that should, and not on one that should not."""
    tests = [test for alert in ALERTS for test in _tests(alert, owner)]
    return yaml_text({"rule_files": [RULES_FILE], "evaluation_interval": "5m", "tests": tests})


def _rule(alert: Alert, owner: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {"alert": alert.name, "expr": alert.expr}
    if alert.for_ != "0m":
        found["for"] = alert.for_
    labels = _labels(alert, owner)
    if labels:
        found["labels"] = labels
    return {**found, "annotations": _annotations(alert)}


def _labels(alert: Alert, owner: str | None) -> dict[str, str]:
    labels = {"severity": alert.severity} if alert.severity else {}
    return labels | ({"owner": owner} if owner and "owner" not in alert.labels else {})


def _annotations(alert: Alert) -> dict[str, str]:
    return {
        "summary": alert.summary,
        "description": alert.description,
        "runbook": f"Type: {alert.command}",
    }


def _tests(alert: Alert, owner: str | None) -> Iterator[dict[str, Any]]:
    for said, example in (("fires", alert.fires), ("stays quiet", alert.quiet)):
        expected = []
        if example is alert.fires:
            labels = {**alert.labels, **_labels(alert, owner)}
            annotations = {name: _filled(text, labels) for name, text in _annotations(alert).items()}
            expected = [{"exp_labels": labels, "exp_annotations": annotations}]
        yield {
            "name": f"{alert.name} {said}",
            "interval": "5m",
            "input_series": [{"series": series, "values": values} for series, values in example.series.items()],
            "alert_rule_test": [{"eval_time": alert.at, "alertname": alert.name, "exp_alerts": expected}],
        }


def _filled(text: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"{{ \$labels\.(\w+) }}", lambda found: labels.get(found[1], ""), text)
