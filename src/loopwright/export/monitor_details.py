"""A rule's details as sections: whatever list of like things a verdict carries becomes a table, bins become a curve.

Rules say more than a figure: slices, words that separate, bins of a calibration. They are shown by their form, so that
a new kind of rule needs nothing here.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from loopwright.app.monitor.report_rules import RuleView
from loopwright.core.clock import SECOND
from loopwright.pictures.charts import number_text
from loopwright.pictures.scales import DAY, instant_text
from loopwright.pictures.sections import Curve, Grid, LineChart, ReliabilityChart, Section, Series, Tone

ROWS = 20
_COLUMNS = 8
_CURVE = (("predicted", "mean_score", "score", "confidence"), ("observed", "share_positive", "share", "accuracy"))
_COUNTS = ("count", "n", "rows")
_BELONGS_ELSEWHERE = frozenset({"columns"})
_ANY_INSTANT = 10**14
"""Above this a whole number under a name of time is an instant in microseconds."""
OUTCOME_TONES: dict[str, Tone] = {"pass": "good", "warn": "warn", "fail": "bad", "unknown": "warn"}


def details_sections(rule: RuleView) -> Iterator[Section]:
    """One section for each list of objects in the details of a rule's last verdict, and for each object of figures."""
    details = rule.latest.get("details") or {}
    for name, value in details.items():
        if name not in _BELONGS_ELSEWHERE:
            yield from _sections(f"{rule.check}: {name.replace('_', ' ')}", value)


def _sections(title: str, value: Any) -> Iterator[Section]:
    rows = objects_in(value)
    if rows:
        yield _drawn(title, rows)
    elif isinstance(value, Mapping):
        figures = {key: inner for key, inner in value.items() if isinstance(inner, int | float | str)}
        if figures:
            cells = tuple((key.replace("_", " "), plain(key, inner)) for key, inner in figures.items())
            yield Grid(title=title, columns=("what", "figure"), right=("figure",), rows=cells[:ROWS], half=True)
        for key, inner in value.items():
            listed = objects_in(inner)
            if listed:
                yield _drawn(f"{title}, {key.replace('_', ' ')}", listed)


def _drawn(title: str, rows: Sequence[Mapping[str, Any]]) -> Section:
    """Bins of predictions as a curve, days as lines, anything else as a table."""
    curve = _curve(rows)
    if curve:
        return ReliabilityChart(title=title, curves=(curve,))
    return _days(title, rows) or table_of(title, rows)


def _days(title: str, rows: Sequence[Mapping[str, Any]]) -> LineChart | None:
    """Figures by the day as lines, the first with its interval; None where the objects are no days."""
    if not all(isinstance(row.get("day"), int) for row in rows):
        return None
    at = tuple((row["day"] + 1) * DAY for row in rows)
    named = [key for key in rows[0] if key != "day" and any(isinstance(row.get(key), float) for row in rows)]
    ends = [row.get("interval") or (None, None) for row in rows]
    banded = any(low is not None for low, _ in ends)
    series = tuple(
        Series(
            name=key.replace("_", " "),
            at=at,
            value=tuple(row.get(key) for row in rows),
            low=tuple(low for low, _ in ends) if banded and place == 0 else (),
            high=tuple(high for _, high in ends) if banded and place == 0 else (),
        )
        for place, key in enumerate(named)
    )
    return LineChart(title=title, series=series) if series else None


def objects_in(value: Any) -> list[Mapping[str, Any]]:
    """The value as a list of objects: a list of them, or an object of objects with its keys as `name`."""
    if isinstance(value, Mapping) and value and all(isinstance(inner, Mapping) for inner in value.values()):
        return [{"name": name, **inner} for name, inner in value.items()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [entry for entry in value if isinstance(entry, Mapping)]
    return []


def table_of(title: str, rows: Sequence[Mapping[str, Any]], *, note: str = "", half: bool = False) -> Grid:
    """Objects as a table: the first keys are its columns, those that name things first; `outcome` colours a row."""
    keys = list(dict.fromkeys(key for row in rows[:ROWS] for key in row))
    flat = [key for key in keys if not any(isinstance(row.get(key), dict | list) for row in rows[:ROWS])]
    numeric = [key for key in flat if all(isinstance(row.get(key), int | float | None) for row in rows[:ROWS])]
    shown = sorted(flat, key=numeric.__contains__)[:_COLUMNS]
    numeric = [key for key in shown if key in numeric]
    if len(rows) > ROWS:
        note = f"{note} The first {ROWS} of {len(rows)}.".strip()
    return Grid(
        title=title,
        columns=tuple(key.replace("_", " ") for key in shown),
        right=tuple(key.replace("_", " ") for key in numeric),
        rows=tuple(tuple(plain(key, row.get(key)) for key in shown) for row in rows[:ROWS]),
        tones=tuple(OUTCOME_TONES.get(str(row.get("outcome", "")), "plain") for row in rows[:ROWS]),
        note=note,
        half=half,
    )


def plain(key: str, value: Any) -> object:
    """A value as a cell shows it: instants and shares by the names they go by."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int) and value > _ANY_INSTANT and (key.endswith(("_at", "since", "until")) or key == "at"):
        return instant_text(value)
    if isinstance(value, int | float) and key.endswith("_us"):
        return _span(value / SECOND)
    if isinstance(value, float) and (key.endswith(("share", "coverage", "_ratio")) or "share" in key):
        return number_text(value, "percent")
    return value


def _span(seconds: float) -> str:
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if abs(seconds) >= 2 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def _curve(rows: Sequence[Mapping[str, Any]]) -> Curve | None:
    """The objects as bins of predictions, where they have what such bins have."""
    first, second = (next((key for key in keys if key in rows[0]), "") for keys in _CURVE)
    count = next((key for key in _COUNTS if key in rows[0]), "")
    if not (first and second and count):
        return None
    kept = [row for row in rows if all(isinstance(row.get(key), int | float) for key in (first, second, count))]
    return Curve(
        name="requests",
        predicted=tuple(float(row[first]) for row in kept),
        observed=tuple(float(row[second]) for row in kept),
        count=tuple(int(row[count]) for row in kept),
    )
