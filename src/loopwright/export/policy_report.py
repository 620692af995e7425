"""The page of a policy replay: what each policy gained, what it cost, and when it trained."""

from datetime import date

from loopwright.app.policies.course import Retrain
from loopwright.app.policies.replay import PolicyReplay, PolicyResult
from loopwright.monitoring.reference import DAY
from loopwright.pictures.sections import (
    Bar,
    BarChart,
    Figure,
    Figures,
    Grid,
    LineChart,
    Marker,
    Report,
    Section,
    Series,
    Tone,
)

_TONES: dict[str, Tone] = {"released": "good", "rejected": "warn", "inconclusive": "warn", "failed": "bad"}
_ORDINAL = date(1970, 1, 1).toordinal()


def policy_report(found: PolicyReplay) -> Report:
    """The page's content."""
    first, last = _date(found.first_day), _date(found.end_day - 1)
    sections: list[Section] = [
        Figures(title="", items=tuple(_figure(found, result) for result in found.results)),
        _over_time(found),
        _gains(found),
        _table(found),
        _retrains(found),
    ]
    return Report(
        title=f"Retraining policies of {found.loop}",
        subtitle=f"Played through {found.rows:,} labelled rows from {first} to {last}: the same rules, the same gate, "
        "each model trained only on what was known by then. Releases take no time here.",
        sections=tuple(sections),
    )


def _figure(found: PolicyReplay, result: PolicyResult) -> Figure:
    trained = f"{len(result.retrains)} trainings" if result.retrains else "never trained again"
    return Figure(label=result.policy, value=_number(result.value), note=f"{found.metric}, {trained}")


def _over_time(found: PolicyReplay) -> LineChart:
    at = tuple(day * DAY for day in found.months)
    series = tuple(Series(name=result.policy, at=at, value=result.months) for result in found.results)
    markers = tuple(
        Marker(at=retrain.at, label=f"{result.policy}: {retrain.outcome}", tone=_TONES[retrain.outcome])
        for result in found.results
        if "drift" in result.policy or "performance" in result.policy or result.policy == "loop"
        for retrain in result.retrains
    )
    return LineChart(
        title=f"{found.metric} in each thirty days",
        series=series,
        markers=tuple(sorted(markers, key=lambda marker: marker.at)),
        note="Each point stands at the first of its thirty days. Marks are trainings that an alarm set off.",
    )


def _gains(found: PolicyReplay) -> BarChart:
    bars = tuple(
        Bar(label=result.policy, value=result.gain, low=result.gain_low, high=result.gain_high)
        for result in found.results[1:]
    )
    base = found.results[0].policy
    return BarChart(
        title=f"Gain over {base!r}",
        bars=bars,
        note=f"In {found.metric}, positive is better; 95 % intervals over days, paired on the same rows.",
    )


def _table(found: PolicyReplay) -> Grid:
    columns = ("policy", found.metric, "gain", "from", "to", "trainings", "released", "rejected", "other", "s", "cost")
    return Grid(
        title="What it would have cost and gained",
        columns=columns,
        rows=tuple(
            (
                result.policy,
                result.value,
                result.gain,
                result.gain_low,
                result.gain_high,
                len(result.retrains),
                result.released,
                result.rejected,
                result.inconclusive + result.failed,
                round(result.training_s, 1),
                result.cost,
            )
            for result in found.results
        ),
        right=columns[1:],
    )


def _retrains(found: PolicyReplay) -> Grid:
    listed: list[tuple[str, Retrain]] = [(r.policy, retrain) for r in found.results for retrain in r.retrains]
    return Grid(
        title="Every training",
        columns=("policy", "at the end of", "outcome", "rows", "why"),
        rows=tuple((name, _date(one.at // DAY - 1), one.outcome, one.rows, one.reason) for name, one in listed),
        right=("rows",),
        tones=tuple(_TONES[one.outcome] for _, one in listed),
    )


def _date(day: int) -> str:
    return date.fromordinal(_ORDINAL + day).isoformat()


def _number(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.4g}"
