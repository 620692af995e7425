"""A Grafana dashboard over what Loopwright tells Prometheus, as the JSON that Grafana imports."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

SCHEMA_VERSION = 39
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_E = 'endpoint=~"$endpoint"'
_WIDE = 24


class Query(msgspec.Struct, frozen=True):
    """One PromQL expression, and how its lines are named."""

    expr: str
    legend: str = ""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """One panel.

    Attributes:
        title: Its heading.
        kind: Grafana's type of panel: `stat`, `timeseries` or `table`.
        queries: What it shows.
        unit: As Grafana names units.
        width, height: In Grafana's grid of 24 columns.
        help: Shown behind the panel's i.
        limits: Values from which it is coloured, and the colour, ascending.
        log: Whether the value axis is logarithmic.
        least, most: Ends of the value axis.
    """

    title: str
    kind: str
    queries: tuple[Query, ...]
    unit: str = "none"
    width: int = 12
    height: int = 8
    help: str = ""
    limits: tuple[tuple[float | None, str], ...] = ()
    log: bool = False
    least: float | None = None
    most: float | None = None


_GOOD_BAD = ((None, "green"), (1.0, "red"))
ROWS: Mapping[str, tuple[Panel, ...]] = {
    "Now": (
        Panel(
            title="Open incidents", kind="stat", width=6, height=5, limits=_GOOD_BAD,
            queries=(Query(f'sum(loopwright_incidents{{{_E},state=~"open|acknowledged"}}) or vector(0)', "open"),),
            help="Not resolved, and not yet answered by a new version. `loopwright incident list` names them.",
        ),
        Panel(
            title="Failing checks", kind="stat", width=6, height=5, limits=_GOOD_BAD,
            queries=(Query(f'sum(loopwright_monitor_verdict{{{_E},outcome="fail"}}) or vector(0)', "failing"),),
        ),
        Panel(
            title="Checks without a verdict", kind="stat", width=6, height=5, limits=((None, "green"), (1.0, "orange")),
            queries=(Query(f'sum(loopwright_monitor_verdict{{{_E},outcome="unknown"}}) or vector(0)', "unknown"),),
            help="Too little data, no labels, or a rule that cannot be judged. Unknown is never a pass.",
        ),
        Panel(
            title="Closest to an incident", kind="stat", width=6, height=5, unit="percentunit",
            limits=((None, "green"), (0.1, "orange"), (1.0, "red")),
            queries=(Query(f"max(loopwright_drift_evidence_ratio{{{_E}}})", "evidence"),),
            help="The most evidence that any sequential check has, as a share of what an incident takes.",
        ),
    ),
    "Drift": (
        Panel(
            title="Evidence of drift", kind="timeseries", unit="percentunit", log=True,
            limits=((None, "green"), (1.0, "red")),
            queries=(
                Query(f"max by (endpoint, check) (loopwright_drift_evidence_ratio{{{_E}}})", "{{endpoint}} {{check}}"),
            ),
            help="An incident opens at 100 %. A new champion starts anew.",
        ),
        Panel(
            title="Columns furthest from the reference", kind="timeseries",
            queries=(Query(f"topk(10, loopwright_column_effect_ratio{{{_E}}})", "{{column}}"),), least=0.0,
            help="By the report rule, which colours reports and opens nothing.",
        ),
        Panel(
            title="Columns that look moved", kind="timeseries", least=0.0, width=8,
            queries=(Query(f"loopwright_columns_moved{{{_E}}}", "{{endpoint}}"),),
        ),
        Panel(
            title="What each check says", kind="table", width=16,
            queries=(Query(f"loopwright_monitor_verdict{{{_E}}} == 1"),),
        ),
    ),
    "Quality": (
        Panel(
            title="Figures and their limits", kind="timeseries",
            queries=(
                Query(f'loopwright_monitor_figure{{{_E},check=~".*(performance|reevaluat).*"}}', "{{check}}"),
                Query(f'loopwright_monitor_limit{{{_E},check=~".*(performance|reevaluat).*"}}', "limit of {{check}}"),
            ),
        ),
        Panel(
            title="Share of requests with a label", kind="timeseries", unit="percentunit", least=0.0, most=1.0,
            queries=(Query(f"loopwright_label_coverage_ratio{{{_E}}}", "{{check}}"),),
        ),
    ),
    "The loop": (
        Panel(
            title="Incidents", kind="timeseries", least=0.0, width=8,
            queries=(Query(f"sum by (severity, state) (loopwright_incidents{{{_E}}})", "{{severity}}, {{state}}"),),
        ),
        Panel(
            title="Incidents opened and resolved, a day", kind="timeseries", least=0.0, width=8,
            queries=(
                Query(f"sum(increase(loopwright_incidents_opened_total{{{_E}}}[1d]))", "opened"),
                Query(f"sum(increase(loopwright_incidents_resolved_total{{{_E}}}[1d]))", "resolved"),
            ),
        ),
        Panel(
            title="Retrains, a day", kind="timeseries", least=0.0, width=8,
            queries=(
                Query(f"sum by (outcome) (increase(loopwright_retrains_total{{{_E}}}[1d]))", "{{outcome}}"),
                Query(
                    f'sum by (decision) (increase(loopwright_retrain_decisions_total{{{_E},decision!="run"}}[1d]))',
                    "{{decision}}",
                ),
            ),
        ),
        Panel(
            title="Releases, a day", kind="timeseries", least=0.0, width=8,
            queries=(Query(f"sum by (outcome) (increase(loopwright_releases_total{{{_E}}}[1d]))", "{{outcome}}"),),
        ),
        Panel(
            title="Who answers", kind="table", width=8,
            queries=(Query(f"loopwright_champion_info{{{_E}}}"),),
        ),
        Panel(
            title="Age of the newest data", kind="timeseries", unit="s", least=0.0, width=8,
            queries=(Query("loopwright_dataset_age_seconds", "{{dataset}}"),),
        ),
    ),
    "Serving": (
        Panel(
            title="Requests", kind="timeseries", unit="reqps", least=0.0, width=8,
            queries=(
                Query(f"sum by (endpoint, arm) (rate(loopwright_requests_total{{{_E}}}[5m]))", "{{endpoint}} {{arm}}"),
            ),
        ),
        Panel(
            title="Failures", kind="timeseries", unit="reqps", least=0.0, width=8,
            queries=(Query(f"sum by (arm, cause) (rate(loopwright_failures_total{{{_E}}}[5m]))", "{{arm}} {{cause}}"),),
        ),
        Panel(
            title="Seconds to answer, 99 of 100", kind="timeseries", unit="s", least=0.0, width=8,
            queries=(
                Query(
                    f"histogram_quantile(0.99, sum by (arm, le) (rate(loopwright_request_seconds_bucket{{{_E}}}[5m])))",
                    "{{arm}}",
                ),
            ),
        ),
        Panel(
            title="Memory of workers", kind="timeseries", unit="bytes", least=0.0,
            queries=(Query("loopwright_worker_resident_memory_bytes", "{{worker}}"),),
        ),
        Panel(
            title="CPU of workers", kind="timeseries", unit="percentunit", least=0.0,
            queries=(Query("rate(loopwright_worker_cpu_seconds_total[5m])", "{{worker}}"),),
        ),
    ),
    "Monitoring itself": (
        Panel(
            title="Periods since each check was looked at", kind="timeseries", least=0.0, width=8,
            queries=(
                Query(
                    f"(time() - loopwright_monitor_last_look_timestamp_seconds{{{_E}}})"
                    f" / loopwright_monitor_period_seconds{{{_E}}}",
                    "{{check}}",
                ),
            ),
            limits=((None, "green"), (3.0, "red")),
        ),
        Panel(
            title="Messages that wait or were given up", kind="timeseries", least=0.0, width=8,
            queries=(
                Query("sum by (channel, state) (loopwright_notifications) or vector(0)", "{{channel}} {{state}}"),
            ),
        ),
        Panel(
            title="Seconds to read the figures", kind="timeseries", unit="s", least=0.0, width=8,
            queries=(Query("loopwright_monitor_read_seconds", "read"),),
        ),
    ),
}  # fmt: skip


def expressions() -> Iterator[str]:
    """Every PromQL expression of the dashboard, with its variable as Grafana fills it in for all endpoints."""
    for panels in ROWS.values():
        for panel in panels:
            for query in panel.queries:
                yield query.expr.replace("$endpoint", ".*")


def grafana_dashboard(title: str = "Loopwright") -> dict[str, Any]:
    """The dashboard. Its data source and endpoints are chosen in Grafana."""
    return {
        "title": title,
        "uid": "loopwright-monitoring",
        "tags": ["loopwright", "machine-learning"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "1m",
        "time": {"from": "now-30d", "to": "now"},
        "timezone": "utc",
        "templating": {"list": _variables()},
        "panels": list(_panels()),
    }


def _variables() -> list[dict[str, Any]]:
    return [
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "endpoint",
            "label": "Endpoint",
            "type": "query",
            "datasource": _SOURCE,
            "query": {"query": "label_values(loopwright_champion_info, endpoint)", "refId": "endpoint"},
            "refresh": 2,
            "multi": True,
            "includeAll": True,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ]


def _panels() -> Iterator[dict[str, Any]]:
    """Rows from above, panels from the left, each in the next place that is free."""
    number = y = 0
    for title, panels in ROWS.items():
        number += 1
        yield {"id": number, "type": "row", "title": title, "collapsed": False, "panels": [], "gridPos": _place(0, y)}
        y += 1
        x = height = 0
        for panel in panels:
            if x + panel.width > _WIDE:
                x, y, height = 0, y + height, 0
            number += 1
            yield _panel(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
            x, height = x + panel.width, max(height, panel.height)
        y += height


def _place(x: int, y: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": _WIDE, "h": 1}


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    once = panel.kind in ("stat", "table")
    targets = [
        {
            "refId": chr(ord("A") + index),
            "datasource": _SOURCE,
            "expr": query.expr,
            "legendFormat": query.legend or "__auto",
            "instant": once,
            "range": not once,
            **({"format": "table"} if panel.kind == "table" else {}),
        }
        for index, query in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.help,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": targets,
        "fieldConfig": {"defaults": _defaults(panel), "overrides": []},
        "options": _OPTIONS[panel.kind],
    }


_OPTIONS: Mapping[str, dict[str, Any]] = {
    "stat": {"colorMode": "background", "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}},
    "timeseries": {
        "legend": {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull"]},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def _defaults(panel: Panel) -> dict[str, Any]:
    steps = [{"value": value, "color": colour} for value, colour in panel.limits or ((None, "green"),)]
    found: dict[str, Any] = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    found |= {} if panel.least is None else {"min": panel.least}
    found |= {} if panel.most is None else {"max": panel.most}
    if panel.kind == "timeseries":
        scale = {"type": "log", "log": 10} if panel.log else {"type": "linear"}
        lines = "line" if len(panel.limits) > 1 else "off"
        found["custom"] = {"fillOpacity": 8, "scaleDistribution": scale, "thresholdsStyle": {"mode": lines}}
    return found
