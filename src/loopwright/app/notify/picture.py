"""The picture of a message: what the strongest check has measured, day by day, and when it was said."""

import math
import re
from typing import Any

from loopwright.app.monitor.days import KIND as DAY_KIND
from loopwright.app.monitor.days import verdicts_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.monitoring.rules.rule import DAY
from loopwright.pictures.charts import line_chart
from loopwright.pictures.page_style import SHEET
from loopwright.pictures.sections import LineChart, Marker, Series, Threshold

DAYS = 60
WIDTH = 1200
LEGEND = "Picture: what the check has measured; the last mark is the opening, one before it the change"
_WIDE_RANGE = 100.0
_VARIABLE = re.compile(r"var\((--[\w-]+)\)")
_DECLARED = re.compile(r"(--[\w-]+):([^;}]+)")


def incident_chart(workspace: Workspace, endpoint: str, incident: dict[str, Any]) -> LineChart | None:
    """The figures of the check that a message is about; None where there are none to draw."""
    findings = [finding for finding in incident["findings"] if finding.get("value") is not None]
    if not findings:
        return None
    check, threshold = str(findings[0]["check"]), findings[0].get("threshold")
    records = workspace.stores.ledger.search(DAY_KIND, where={"endpoint": endpoint}, order="-day", limit=DAYS)
    points = [(int(r.data["day"]) * DAY, float(v["value"])) for r in records for v in verdicts_of(r) if _is(v, check)]
    points.sort()
    points.append((int(findings[0]["last_at"]), float(findings[0]["value"])))
    power = threshold is not None and _spans(points, float(threshold))
    form = math.log10 if power else float
    series = Series(
        name=check, at=tuple(at for at, _ in points), value=tuple(form(max(v, 1e-3) if power else v) for _, v in points)
    )
    levels = () if threshold is None else (Threshold(value=form(float(threshold)), label="incident at"),)
    return LineChart(
        title=f"{endpoint}: {check}",
        series=(series,),
        markers=_markers(incident, points[0][0]),
        thresholds=levels,
        form="power" if power else "number",
    )


def drawn(workspace: Workspace, endpoint: str, incident: dict[str, Any]) -> bytes | None:
    """The picture as PNG; None where there is nothing to draw, or resvg is not installed."""
    chart = incident_chart(workspace, endpoint, incident)
    if chart is None:
        return None
    try:
        from resvg_py import svg_to_bytes
    except ImportError:
        return None
    svg = line_chart(chart).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    png: bytes = svg_to_bytes(
        svg_string=svg,
        width=WIDTH,
        background="#ffffff",
        style_sheet=plain_style(),
        font_family="DejaVu Sans",
        sans_serif_family="DejaVu Sans",
    )
    return png


def plain_style() -> str:
    """The style of pages with its first, light, colours in place of their names, which the renderer does not know."""
    colours: dict[str, str] = {}
    for name, value in _DECLARED.findall(SHEET):
        colours.setdefault(name, value)
    return _VARIABLE.sub(lambda found: colours.get(found[1], "#000"), SHEET)


def _is(verdict: dict[str, Any], check: str) -> bool:
    value = verdict.get("value")
    return verdict.get("check") == check and value is not None and math.isfinite(value)


def _spans(points: list[tuple[Micros, float]], threshold: float) -> bool:
    """Whether the values are evidence, which grows by powers."""
    values = [value for _, value in points]
    return threshold > 0 and min(values) >= 0 and max([*values, threshold]) > _WIDE_RANGE


def _markers(incident: dict[str, Any], first: Micros) -> tuple[Marker, ...]:
    explanation = incident.get("explanation") or {}
    changed = explanation.get("changed_at")
    found = [] if changed is None else [Marker(at=max(int(changed), first), label="changed", tone="warn")]
    return (*found, Marker(at=int(incident["opened_at"]), label="opened", tone="bad"))
