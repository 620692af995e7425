"""The page of an evaluation: pass rates with their intervals, what failed, what could not be judged."""

from collections.abc import Iterator

from loopwright.app.evaluations.results import KeptResult
from loopwright.core.verdict import Outcome
from loopwright.evals.compare import Comparison
from loopwright.evals.result import EvaluationResult, Judged, Range, Summary
from loopwright.pictures.sections import Bar, BarChart, Figure, Figures, Grid, Report, Section, Text, Tone

_MOST_ROWS = 200
_TONES: dict[Outcome, Tone] = {
    Outcome.PASS: "good", Outcome.WARN: "warn", Outcome.FAIL: "bad", Outcome.UNKNOWN: "warn",
}  # fmt: skip


def evaluation_page(kept: KeptResult, result: EvaluationResult, comparison: Comparison | None = None) -> Report:
    """The page's content; `comparison` is with another version on the same cases."""
    sections: list[Section] = [
        _figures(kept, result),
        *_verdict(kept),
        _rates(result),
        _summaries(result),
        *_unjudged(result),
        *_tags(result),
        *(_differences(comparison) if comparison is not None else ()),
        _failed(result),
    ]
    return Report(
        title=kept.evaluation,
        subtitle=f"{kept.subject}: {len({row.case for row in result.rows})} cases of {result.name}, "
        f"{'1 answer' if result.repeats == 1 else f'{result.repeats} answers'} to each.",
        sections=tuple(sections),
        made_at=kept.at,
        source=f"evaluation {kept.id}, version {kept.version[:12]}, cases {kept.cases[:12]}",
    )


def percent(rate: Range) -> str:
    """A rate with its interval, as `92.0 % (85.9 to 95.6)`; a dash where it is unknown."""
    if rate.value is None:
        return "–"
    span = f" ({100 * rate.low:.1f} to {100 * rate.high:.1f})" if rate.low is not None and rate.high is not None else ""
    return f"{100 * rate.value:.1f} %{span}"


def number(rate: Range) -> str:
    """A figure with its interval."""
    if rate.value is None:
        return "–"
    span = f" ({rate.low:.4g} to {rate.high:.4g})" if rate.low is not None and rate.high is not None else ""
    return f"{rate.value:.4g}{span}"


def money(result: EvaluationResult) -> str:
    """What it cost, and for how many answers nobody knows."""
    known = result.cost_usd + result.judging_usd
    if result.unpriced and not known:
        return "unknown"
    unknown = f" and {result.unpriced} answers of unknown price" if result.unpriced else ""
    return f"{known:.4g} USD{unknown}"


def mean_text(summary: Summary) -> str:
    """The mean figure; empty where it only says the pass rate again."""
    return "" if summary.mean.value == summary.rate.value else number(summary.mean)


def _figures(kept: KeptResult, result: EvaluationResult) -> Figures:
    errors = sum(result.errors.values())
    worst = max((summary.unjudged_share for summary in result.summaries), default=0.0)
    items = [
        Figure(label="answers", value=str(len(result.rows)), note=f"{result.kept} of them kept from before"),
        Figure(label="errors", value=str(errors), tone="bad" if errors else "plain"),
        Figure(
            label="no verdict",
            value=f"{100 * worst:.1f} %",
            note="at most, by scorer",
            tone="warn" if worst else "plain",
        ),
        Figure(label="cost", value=money(result), note=f"{result.judging_usd:.4g} USD of it for judging"),
    ]
    if kept.verdict is not None:
        tone = _TONES.get(kept.verdict.outcome, "plain")
        items.insert(0, Figure(label="verdict", value=str(kept.verdict.outcome), tone=tone))
    return Figures(title="", items=tuple(items))


def _verdict(kept: KeptResult) -> Iterator[Section]:
    if kept.verdict is not None:
        yield Text(title="Verdict", paragraphs=(kept.verdict.reason,))


def _rates(result: EvaluationResult) -> BarChart:
    bars = tuple(
        Bar(label=summary.scorer, value=summary.rate.value, low=summary.rate.low, high=summary.rate.high)
        for summary in result.summaries
    )
    note = f"Share of cases that pass, with the interval that holds the truth with {100 * result.level:.0f} %."
    return BarChart(title="Pass rates", bars=bars, form="percent", note=note, half=False)


def _summaries(result: EvaluationResult) -> Grid:
    columns = ("scorer", "pass rate", "passed", "failed", "no verdict", "mean figure")
    rows = tuple(
        (one.scorer, percent(one.rate), one.passed, one.failed, one.no_verdict, mean_text(one))
        for one in result.summaries
    )
    return Grid(title="Scorers", columns=columns, rows=rows, right=("passed", "failed", "no verdict"))


def _unjudged(result: EvaluationResult) -> Iterator[Section]:
    rows = [(one.scorer, count, why) for one in result.summaries for why, count in one.unjudged.items()]
    if rows:
        note = "These answers are in no rate and in no mean."
        yield Grid(
            title="No verdict", columns=("scorer", "answers", "why"), rows=tuple(rows), right=("answers",), note=note
        )


def _tags(result: EvaluationResult) -> Iterator[Section]:
    tags = sorted({tag for summary in result.summaries for tag in summary.tags})
    if tags:
        columns = ("tag", *(summary.scorer for summary in result.summaries))
        rows = tuple((tag, *(percent(_of(summary, tag)) for summary in result.summaries)) for tag in tags)
        yield Grid(title="By tag", columns=columns, rows=rows)


def _differences(comparison: Comparison) -> Iterator[Section]:
    columns = ("scorer", "difference", "wins", "losses", "ties", "p", "left out")
    rows = tuple(
        (d.scorer, percent(d.rate), d.wins, d.losses, d.ties, f"{d.p_value:.3g}", comparison.left_out.get(d.scorer, 0))
        for d in comparison.differences
    )
    note = f"Against {comparison.second[:12]}, on cases that both have a verdict on; p is McNemar's exact test."
    yield Grid(title="Compared", columns=columns, rows=rows, right=("wins", "losses", "ties", "left out"), note=note)
    flips = tuple(
        (d.scorer, "lost" if f.first < f.second else "won", f.case, f.question)
        for d in comparison.differences
        for f in d.flips
    )[:_MOST_ROWS]
    if flips:
        yield Grid(title="Cases that differ", columns=("scorer", "", "case", "question"), rows=flips)


def _failed(result: EvaluationResult) -> Grid:
    columns = ("case", "question", "answer", "scorer", "verdict", "why")
    rows = tuple(
        (row.case, row.question, _said(row), score.scorer, score.verdict.replace("_", " "), score.reason)
        for row in result.rows
        for score in row.scores
        if score.verdict != "pass"
    )
    tones: tuple[Tone, ...] = tuple("bad" if row[4] == "fail" else "warn" for row in rows[:_MOST_ROWS])
    note = f"{len(rows) - _MOST_ROWS} more are not shown." if len(rows) > _MOST_ROWS else ""
    return Grid(title="Did not pass", columns=columns, rows=rows[:_MOST_ROWS], tones=tones, note=note)


def _said(row: Judged) -> str:
    return (f"error {row.answer.error}: {row.answer.why}" if row.answer.error else row.answer.text)[:400]


def _of(summary: Summary, tag: str) -> Range:
    return summary.tags.get(tag, Range())
