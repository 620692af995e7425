"""Evaluations as a person reads them in a terminal."""

from collections.abc import Sequence
from pathlib import Path

from loopwright.app.evaluations.journey import Done
from loopwright.app.evaluations.results import KeptResult
from loopwright.cli.render import line, table
from loopwright.core.clock import iso
from loopwright.evals.calibration import ScorerAgreement
from loopwright.evals.compare import Comparison
from loopwright.evals.pairs import Preferences
from loopwright.evals.plan import EvaluationPlan, explain
from loopwright.export.evaluation_page import mean_text, money, number, percent

_MOST_ROWS = 12


def show_plan(plans: Sequence[EvaluationPlan]) -> None:
    """What would be asked."""
    for plan in plans:
        for text in explain(plan):
            line(text)


def show_done(done: Sequence[Done], written: Sequence[Path]) -> None:
    """Results with their figures, their verdicts, and the first cases that did not pass."""
    for one in done:
        _show_one(one)
    for path in written:
        line(f"Wrote {path}")


def show_kept(found: Sequence[KeptResult]) -> None:
    """Results as a list."""
    columns = ["result", "when", "evaluation", "of", "pass rates", "errors", "verdict"]
    rows = [
        (
            one.id[:12],
            iso(one.at)[:19],
            one.evaluation,
            one.subject,
            ", ".join(f"{name} {percent(rate)}" for name, rate in one.rates.items()),
            sum(one.errors.values()),
            str(one.verdict.outcome) if one.verdict is not None else "",
        )
        for one in found
    ]
    table(columns, rows, right=["errors"])


def show_comparison(found: Comparison, kept: Sequence[KeptResult], written: Sequence[Path]) -> None:
    """Wins, losses and ties by scorer, and the cases that differ."""
    line(f"{kept[0].subject} against {kept[1].subject}")
    columns = ["scorer", "difference", "wins", "losses", "ties", "p", "left out"]
    rows = [
        (d.scorer, percent(d.rate), d.wins, d.losses, d.ties, d.p_value, found.left_out.get(d.scorer, 0))
        for d in found.differences
    ]
    table(columns, rows, right=columns[2:])
    flips = [
        (d.scorer, "lost" if f.first < f.second else "won", f.case, f.question[:80])
        for d in found.differences
        for f in d.flips
    ]
    if flips:
        table(["scorer", "", "case", "question"], flips[:_MOST_ROWS], title="Cases that differ")
    _more(len(flips))
    for path in written:
        line(f"Wrote {path}")


def show_preferences(found: Preferences, kept: Sequence[KeptResult]) -> None:
    """Which answers a judge prefers."""
    line(f"{kept[0].subject} against {kept[1].subject}")
    line(f"{found.wins} better, {found.losses} worse, {found.ties} even, {found.no_verdict} without a verdict")
    line(f"wins less losses: {percent(found.gain)}, p {found.p_value:.3g}; judging cost {found.cost_usd:.4g} USD")
    for why, count in found.unjudged.items():
        line(f"  no verdict, {count} times: {why}")


def show_agreement(found: Sequence[ScorerAgreement]) -> None:
    """Agreement with people, by scorer."""
    columns = [
        "scorer",
        "answers",
        "agree",
        "kappa",
        "passed where people fail",
        "failed where people pass",
        "no verdict",
    ]
    rows = [
        (
            one.scorer, one.n, "–" if one.share is None else f"{100 * one.share:.1f} %", number(one.kappa),
            one.confusion.get("pass/fail", 0), one.confusion.get("fail/pass", 0), one.no_verdict,
        )
        for one in found
    ]  # fmt: skip
    table(columns, rows, right=["answers", *columns[4:]])
    for one in found:
        if one.apart:
            line(f"{one.scorer} differs on {', '.join(one.apart[:_MOST_ROWS])}")


def _show_one(one: Done) -> None:
    kept, result = one.kept, one.result
    line(f"{kept.evaluation}: {kept.subject}")
    columns = ["scorer", "pass rate", "passed", "failed", "no verdict", "mean figure"]
    rows = [(s.scorer, percent(s.rate), s.passed, s.failed, s.no_verdict, mean_text(s)) for s in result.summaries]
    table(columns, rows, right=["passed", "failed", "no verdict"])
    missed = [
        (row.case, row.question[:60], score.scorer, score.verdict.replace("_", " "), score.reason[:100])
        for row in result.rows
        for score in row.scores
        if score.verdict != "pass"
    ]
    if missed:
        table(["case", "question", "scorer", "verdict", "why"], missed[:_MOST_ROWS], title="Did not pass")
    _more(len(missed))
    errors = ", ".join(f"{count} × {code}" for code, count in result.errors.items()) or "none"
    line(f"{len(result.rows)} answers, {result.kept} of them kept; errors: {errors}; cost: {money(result)}")
    if kept.verdict is not None:
        line(f"{kept.verdict.outcome}: {kept.verdict.reason}")
    line(f"Kept as {kept.id}")


def _more(count: int) -> None:
    if count > _MOST_ROWS:
        line(f"and {count - _MOST_ROWS} more; `loopwright eval report --html PATH` shows them")
