"""How old the newest row of a request's entity was, in the store that requests are answered from."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.logged_requests import NO_REQUESTS, NOT_LOGGED, by_period, is_logged
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.app.versions import manifest_of, views_of
from loopwright.core.clock import SECOND, Micros
from loopwright.features.online import Layout, entity_text
from loopwright.features.recent import Recent, decode
from loopwright.features.view import FeatureView
from loopwright.monitoring.period_figure import PeriodFigure, share_figure
from loopwright.monitoring.rules.staleness import StalenessRule

if TYPE_CHECKING:
    import polars as pl

MOST_REQUESTS = 2_000
"""Requests of a period that are looked up; of more, evenly spread ones."""


class StalenessMeasure:
    """Satisfies `Measure[StalenessRule]`. Rows that came after a request are not held to its credit."""

    def begin(self, rule: StalenessRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """Nothing to remember."""
        return None

    def read(self, rule: StalenessRule, look: Look, span: Span) -> Measured:
        """The champion's view of that name; a model without it has none."""
        newest = span.until - span.period
        if not is_logged(look):
            return Measured(figures={"": (PeriodFigure(at=newest, reason=NOT_LOGGED),)})
        views = views_of(look.workspace, manifest_of(look.workspace, look.version))
        view = next((view for view in views if view.name == rule.view), None)
        if view is None:
            reason = f"the champion has no feature view {rule.view!r}"
            return Measured(figures={"": (PeriodFigure(at=newest, reason=reason),)})
        columns = ("at", "event_time", "status", "inputs")
        figures = [_figure(rule, look, view, at=at, rows=rows) for at, rows in by_period(look, span, columns)]
        return Measured(figures={"": tuple(figures)})


def _figure(rule: StalenessRule, look: Look, view: FeatureView, *, at: Micros, rows: "pl.DataFrame") -> PeriodFigure:
    import polars as pl

    asked = rows.filter(pl.col("status") < 400) if rows.height else rows
    if not asked.height or not isinstance(asked.schema["inputs"], pl.Struct):
        return PeriodFigure(at=at, reason=NO_REQUESTS)
    chosen = asked.gather_every(max(asked.height // MOST_REQUESTS, 1)).head(MOST_REQUESTS)
    prefix = Layout.of(view).prefix
    keys = [_key(prefix, view, inputs) for inputs in chosen["inputs"].to_list()]
    stored = look.workspace.stores.kv.get_many(sorted({key for key in keys if key is not None}))
    recent = {key: decode(data) for key, data in stored.items()}
    ages = [
        _age(recent.get(key) if key else None, asked_about, known_by=asked_at)
        for key, asked_about, asked_at in zip(keys, chosen["event_time"].to_list(), chosen["at"].to_list(), strict=True)
    ]
    missing = sum(age is None for age in ages)
    old = [age for age in ages if age is not None and age > rule.within]
    found = sorted(age for age in ages if age is not None)
    parts = {"missing": missing / len(ages), "old": len(old) / len(ages)}
    if found:
        parts["median_age_s"] = found[len(found) // 2] / SECOND
    named = tuple(view.features)
    return share_figure(at, missing + len(old), len(ages), why_none=NO_REQUESTS, parts=parts, named=named)


def _key(prefix: str, view: FeatureView, inputs: Mapping[str, Any]) -> str | None:
    entity = entity_text([inputs.get(name) for name in view.entities])
    return None if entity is None else prefix + entity


def _age(rows: Recent | None, asked_about: Micros, *, known_by: Micros) -> Micros | None:
    """From the newest row that happened by then, and was known by then, to the request's event time."""
    if rows is None:
        return None
    seen = rows.at[(rows.at <= asked_about) & (rows.known <= known_by)]
    return int(asked_about - seen.max()) if seen.size else None
