"""The share of answers that say one thing."""

from typing import TYPE_CHECKING, Any

from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.logged_requests import NOT_LOGGED, by_period, is_logged, share_of
from loopwright.app.monitor.measures.measure import Measured, Span
from loopwright.core.clock import Micros
from loopwright.monitoring.period_figure import PeriodFigure, share_figure
from loopwright.monitoring.rules.behaviour import BehaviourRule
from loopwright.serving.arms import DEFAULT

if TYPE_CHECKING:
    import polars as pl

_NONE = "no request was answered"


class BehaviourMeasure:
    """Satisfies `Measure[BehaviourRule]`. What a loop answers by default is nobody's behaviour, and does not count."""

    def begin(self, rule: BehaviourRule, look: Look) -> Any:  # noqa: ARG002 - the form of measures
        """Nothing to remember."""
        return None

    def read(self, rule: BehaviourRule, look: Look, span: Span) -> Measured:
        """By the class that was answered; `parts` has the share of each version's answers."""
        newest = span.until - span.period
        classes = look.signature.classes
        if not is_logged(look):
            return Measured(figures={"": (PeriodFigure(at=newest, reason=NOT_LOGGED),)})
        said = classes[1] if rule.of == "positive" and rule.of not in classes and len(classes) == 2 else rule.of
        if said not in classes:
            reason = f"the model never says {rule.of!r}; its classes are {', '.join(map(repr, classes)) or 'none'}"
            return Measured(figures={"": (PeriodFigure(at=newest, reason=reason),)})
        columns = ("status", "arm", "version", "output")
        figures = [_figure(at, rows, said) for at, rows in by_period(look, span, columns)]
        return Measured(figures={"": tuple(figures)})


def _figure(at: Micros, rows: "pl.DataFrame", said: str | int | bool) -> PeriodFigure:
    import polars as pl

    if not rows.height or not isinstance(rows.schema["output"], pl.Struct):
        return PeriodFigure(at=at, reason=_NONE)
    answers = rows.filter((pl.col("status") < 400) & (pl.col("arm").cast(pl.String) != DEFAULT))
    if not answers.height or "prediction" not in answers["output"].struct.fields:
        return PeriodFigure(at=at, reason=_NONE)
    told = answers["output"].struct.field("prediction").cast(pl.String).str.to_lowercase()
    is_it = (told == str(said).lower()).fill_null(value=False)
    total, n = share_of(answers, is_it)
    by_version = answers.select("version", is_it.alias("_is")).group_by("version").agg(pl.col("_is").mean())
    parts = {str(version)[:12]: float(share) for version, share in by_version.iter_rows()}
    return share_figure(at, total, n, why_none=_NONE, parts=parts)
