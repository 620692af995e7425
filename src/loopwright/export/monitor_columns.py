"""Columns of a monitoring report: a small picture each, the furthest from the reference first; pairs as a table."""

from collections.abc import Iterator, Sequence
from typing import Any

from loopwright.app.monitor.report import MonitorReport
from loopwright.app.monitor.report_columns import ColumnView
from loopwright.export.finding_cards import effect_facts
from loopwright.export.monitor_details import objects_in, table_of
from loopwright.monitoring.reference import LABEL, PREDICTION
from loopwright.pictures.charts import number_text
from loopwright.pictures.sections import Histogram, Histograms, LineChart, Section, Series, Threshold, Tone

CARDS = 40
_ANSWERS = {PREDICTION: "answers", LABEL: "outcomes (labels)"}


def column_sections(report: MonitorReport) -> Iterator[Section]:
    """How far columns moved by the day, the answers, each column, pairs."""
    yield from _over_time(report)
    answers = [column for column in report.columns if column.name in _ANSWERS]
    features = [column for column in report.columns if column.name not in _ANSWERS]
    if answers:
        yield Histograms(
            title="Answers and outcomes",
            items=tuple(card(column) for column in answers),
            names=("the champion's reference", "last days"),
            note="What the champion answered, and what turned out to be true, as far as it is known.",
        )
    if features:
        moved = sum(column.moved for column in features)
        unseen = report.columns_watched - len(report.columns)
        more = f" {unseen:,} more moved less and are not drawn." if unseen > 0 else ""
        yield Histograms(
            title="Columns",
            items=tuple(card(column) for column in features[:CARDS]),
            names=("the champion's reference", "last days"),
            note=f"The furthest from the reference first; {moved} called moved by the report rule.{more} "
            "Shares of the rows that have a value.",
        )
    yield from _pairs(report)


def card(column: ColumnView) -> Histogram:
    """One column's picture and facts."""
    badge, tone = _badge(column)
    return Histogram(
        name=_ANSWERS.get(column.name, column.name),
        labels=column.labels,
        reference=column.reference,
        current=column.current,
        ordered=column.ordered,
        badge=badge,
        tone=tone,
        facts=tuple(_facts(column)),
    )


def _badge(column: ColumnView) -> tuple[str, Tone]:
    if column.moved:
        return "moved", "warn"
    return ("", "plain") if column.rows else ("no rows of late", "plain")


def _facts(column: ColumnView) -> Iterator[tuple[str, str]]:
    if column.effect is not None:
        yield "effect, in floors" if "effects" in column.figures else "total variation", number_text(column.effect)
    if column.missing or column.missing_reference:
        yield "missing, was", f"{_percent(column.missing)}, {_percent(column.missing_reference)}"
    for name, said in (("50 %", "median, was"), ("99 %", "99 % quantile, was")):
        if name in column.quantiles:
            was, now = column.quantiles[name]
            yield said, f"{number_text(now)}, {number_text(was)}"
    yield from _levels(column)
    yield from effect_facts(column.figures.get("effects"))
    yield "rows", f"{column.rows:,}"


def _levels(column: ColumnView) -> Iterator[tuple[str, str]]:
    """Levels that came and levels that went."""
    for name in ("new_levels", "lost_levels"):
        levels = column.figures.get(name)
        if isinstance(levels, list | tuple) and levels:
            shown = ", ".join(str(level)[:30] for level in levels[:5])
            yield name.replace("_", " "), shown + (" …" if len(levels) > 5 else "")


def _percent(share: float | None) -> str:
    return number_text(share, "percent")


def _over_time(report: MonitorReport) -> Iterator[Section]:
    lines = [line for line in report.lines if line.at]
    if not lines:
        return
    floors = [rule.latest.get("threshold") for rule in report.rules if not rule.opens]
    yield LineChart(
        title="How far each column moved",
        series=tuple(Series(name=line.column, at=line.at, value=line.effect) for line in lines),
        thresholds=tuple(Threshold(value=float(floor), label="report rule") for floor in floors[:1] if floor),
        from_zero=True,
        note="The strongest effect of each column by the day, as a multiple of the least that counts. "
        "This rule colours a report and opens nothing.",
    )


def _pairs(report: MonitorReport) -> Iterator[Section]:
    found: list[Any] = []
    for rule in report.rules:
        found += objects_in((rule.latest.get("details") or {}).get("pairs"))
    if found:
        moved: Sequence[Any] = sorted(found, key=lambda pair: not pair.get("moved", False))
        yield table_of("Pairs of columns", moved, note="How columns hang together, beside the reference.")
