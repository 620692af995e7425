"""Alerts on what Loopwright tells Prometheus, each with a series on which it must fire and one on which it must not."""

from collections.abc import Mapping

import msgspec


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """Input series of a test, in promtool's notation of values, at an interval of five minutes."""

    series: Mapping[str, str]


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """One alerting rule.

    Attributes:
        name: Of the alert.
        expr: PromQL; true while a series is there.
        for_: How long it must hold.
        severity: Its label; empty where the series bring one.
        summary, description: For the person who is called; `{{ $labels.x }}` is the series' label.
        command: What to type.
        fires: Series on which it fires.
        quiet: Series on which it does not.
        at: When the test looks.
        labels: What the firing alert has beside `severity`.
    """

    name: str
    expr: str
    for_: str
    summary: str
    description: str
    command: str
    fires: Example
    quiet: Example
    at: str
    labels: Mapping[str, str]
    severity: str = ""


_VERDICT = 'loopwright_monitor_verdict{endpoint="e",check="c",severity="critical",owner="team",outcome="%s"}'
_CHECK = {"endpoint": "e", "check": "c"}
_OF_VERDICT = {**_CHECK, "severity": "critical", "owner": "team"}

ALERTS: tuple[Alert, ...] = (
    Alert(
        name="LoopwrightIncidentOpen",
        expr='sum by (endpoint, severity) (loopwright_incidents{state="open"}) > 0',
        for_="0m",
        summary="{{ $labels.endpoint }} has an open incident of severity {{ $labels.severity }}",
        description="A monitor is sure enough to call somebody. Nobody has acknowledged it yet.",
        command="loopwright incident list",
        fires=Example(series={'loopwright_incidents{endpoint="e",severity="warning",state="open"}': "0 1 1"}),
        quiet=Example(series={'loopwright_incidents{endpoint="e",severity="warning",state="acknowledged"}': "1 1 1"}),
        at="10m",
        labels={"endpoint": "e", "severity": "warning"},
    ),
    Alert(
        name="LoopwrightIncidentUnattended",
        expr='sum by (endpoint) (loopwright_incidents{state="open",severity="critical"}) > 0',
        for_="1h",
        severity="critical",
        summary="A critical incident of {{ $labels.endpoint }} has been open for an hour",
        description="Nobody has acknowledged it, and it has not resolved by itself.",
        command="loopwright incident list",
        fires=Example(series={'loopwright_incidents{endpoint="e",severity="critical",state="open"}': "1x20"}),
        quiet=Example(series={'loopwright_incidents{endpoint="e",severity="critical",state="open"}': "1x6 0x14"}),
        at="65m",
        labels={"endpoint": "e"},
    ),
    Alert(
        name="LoopwrightCheckFailing",
        expr='max by (endpoint, check, severity, owner) (loopwright_monitor_verdict{outcome="fail"}) == 1',
        for_="0m",
        summary="{{ $labels.check }} of {{ $labels.endpoint }} fails",
        description="The rule's last verdict is fail. The report shows what it rests on.",
        command="loopwright monitor report --endpoint {{ $labels.endpoint }}",
        fires=Example(series={_VERDICT % "fail": "0 1 1", _VERDICT % "pass": "1 0 0"}),
        quiet=Example(series={_VERDICT % "fail": "0 0 0", _VERDICT % "warn": "1 1 1"}),
        at="10m",
        labels=_OF_VERDICT,
    ),
    Alert(
        name="LoopwrightCheckUnknown",
        expr='max by (endpoint, check, owner) (loopwright_monitor_verdict{outcome="unknown"}) == 1',
        for_="1d",
        severity="info",
        summary="{{ $labels.check }} of {{ $labels.endpoint }} has had no verdict for a day",
        description="Unknown is never a pass: too little data, no labels, or a rule that cannot be judged.",
        command="loopwright monitor report --endpoint {{ $labels.endpoint }}",
        fires=Example(series={_VERDICT % "unknown": "1x300"}),
        quiet=Example(series={_VERDICT % "unknown": "1x200 0x100"}),
        at="1450m",
        labels={**_CHECK, "owner": "team"},
    ),
    Alert(
        name="LoopwrightDriftEvidenceGrows",
        expr="endpoint_check:loopwright_drift_evidence_ratio:max > 0.1",
        for_="1h",
        severity="info",
        summary="Evidence of drift in {{ $labels.endpoint }} passes a tenth of what an incident takes",
        description="Nobody is called for this. An incident of {{ $labels.check }} opens at 1.",
        command="loopwright monitor report --endpoint {{ $labels.endpoint }}",
        fires=Example(series={'loopwright_drift_evidence_ratio{endpoint="e",check="c"}': "0.2x20"}),
        quiet=Example(series={'loopwright_drift_evidence_ratio{endpoint="e",check="c"}': "0.05x20"}),
        at="65m",
        labels=_CHECK,
    ),
    Alert(
        name="LoopwrightMonitoringStalled",
        expr="max by (endpoint, check) ((time() - loopwright_monitor_last_look_timestamp_seconds)"
        " / loopwright_monitor_period_seconds) > 3",
        for_="15m",
        severity="warning",
        summary="{{ $labels.check }} of {{ $labels.endpoint }} has not been looked at for three periods",
        description="The control process is down, does not lead, or a pass takes longer than the rule's period.",
        command="loopwright status",
        fires=Example(
            series={
                'loopwright_monitor_last_look_timestamp_seconds{endpoint="e",check="c"}': "0x12",
                'loopwright_monitor_period_seconds{endpoint="e",check="c"}': "300x12",
            }
        ),
        quiet=Example(
            series={
                'loopwright_monitor_last_look_timestamp_seconds{endpoint="e",check="c"}': "0+300x12",
                'loopwright_monitor_period_seconds{endpoint="e",check="c"}': "300x12",
            }
        ),
        at="40m",
        labels=_CHECK,
    ),
    Alert(
        name="LoopwrightLabelsMissing",
        expr="max by (endpoint) (loopwright_label_coverage_ratio) < 0.05",
        for_="1d",
        severity="warning",
        summary="Labels of {{ $labels.endpoint }} do not come",
        description="Fewer than one in twenty judged requests has a label: quality is not known.",
        command="loopwright monitor report --endpoint {{ $labels.endpoint }}",
        fires=Example(series={'loopwright_label_coverage_ratio{endpoint="e",check="c"}': "0.01x300"}),
        quiet=Example(
            series={
                'loopwright_label_coverage_ratio{endpoint="e",check="c"}': "0.01x300",
                'loopwright_label_coverage_ratio{endpoint="e",check="d"}': "0.9x300",
            }
        ),
        at="1450m",
        labels={"endpoint": "e"},
    ),
    Alert(
        name="LoopwrightNotificationsFail",
        expr='sum by (channel) (loopwright_notifications{state="given_up"}) > 0'
        ' or sum by (channel) (min_over_time(loopwright_notifications{state="waiting"}[30m]) > 0)',
        for_="5m",
        severity="critical",
        summary="Messages about incidents do not get through over {{ $labels.channel }}",
        description="Some were given up, or have waited for half an hour. People are not being called.",
        command="loopwright incident notifications",
        fires=Example(series={'loopwright_notifications{channel="slack",state="given_up"}': "0x2 1x10"}),
        quiet=Example(series={'loopwright_notifications{channel="slack",state="waiting"}': "0x2 3 0x10"}),
        at="20m",
        labels={"channel": "slack"},
    ),
    Alert(
        name="LoopwrightRetrainFailed",
        expr='sum by (endpoint) (increase(loopwright_retrains_total{outcome="failed"}[6h])) > 0',
        for_="0m",
        severity="warning",
        summary="A retrain of {{ $labels.endpoint }} has failed",
        description="Training did not come to a candidate. The champion goes on answering.",
        command="loopwright trace model:{{ $labels.endpoint }}@champion",
        fires=Example(series={'loopwright_retrains_total{endpoint="e",outcome="failed"}': "0x2 1x10"}),
        quiet=Example(series={'loopwright_retrains_total{endpoint="e",outcome="rejected"}': "0x2 1x10"}),
        at="25m",
        labels={"endpoint": "e"},
    ),
    Alert(
        name="LoopwrightReleaseRolledBack",
        expr='sum by (endpoint) (increase(loopwright_releases_total{outcome="rolled_back"}[6h])) > 0',
        for_="0m",
        severity="info",
        summary="A release of {{ $labels.endpoint }} was rolled back",
        description="A guard has proven harm; the champion answers everything again.",
        command="loopwright release show",
        fires=Example(series={'loopwright_releases_total{endpoint="e",outcome="rolled_back"}': "0x2 1x10"}),
        quiet=Example(series={'loopwright_releases_total{endpoint="e",outcome="promoted"}': "0x2 1x10"}),
        at="25m",
        labels={"endpoint": "e"},
    ),
    Alert(
        name="LoopwrightRequestsFail",
        expr="endpoint:loopwright_failures:ratio_rate15m > 0.05",
        for_="10m",
        severity="critical",
        summary="More than one in twenty requests to {{ $labels.endpoint }} fails",
        description="Requests that an arm failed or the door refused, as a share of all, over fifteen minutes.",
        command="loopwright status",
        fires=Example(
            series={
                'loopwright_requests_total{endpoint="e",arm="champion"}': "0+450x12",
                'loopwright_failures_total{endpoint="e",arm="champion",cause="crash"}': "0+50x12",
            }
        ),
        quiet=Example(
            series={
                'loopwright_requests_total{endpoint="e",arm="champion"}': "0+495x12",
                'loopwright_failures_total{endpoint="e",arm="champion",cause="crash"}': "0+5x12",
            }
        ),
        at="30m",
        labels={"endpoint": "e"},
    ),
    Alert(
        name="LoopwrightRequestLogLosesRows",
        expr="sum(increase(loopwright_request_log_dropped_rows_total[30m])) > 0",
        for_="0m",
        severity="critical",
        summary="Answered requests are kept out of the log",
        description="The disk is full. What is not logged is neither watched nor learned from.",
        command="loopwright doctor",
        fires=Example(series={"loopwright_request_log_dropped_rows_total": "0 0 10x10"}),
        quiet=Example(series={"loopwright_request_log_dropped_rows_total": "7x12"}),
        at="10m",
        labels={},
    ),
)
