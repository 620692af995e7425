"""`loopwright cache eval | report`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import typer

from loopwright.app.answer_caches import (
    CacheMeasurement,
    CacheSavings,
    cache_savings,
    measure_on_pairs,
    measure_on_traffic,
)
from loopwright.app.workspace import find_project, open_workspace, settings_of
from loopwright.cli.period import From, To, begin_of, end_of
from loopwright.cli.render import Answer, line, table
from loopwright.cli.spread import spread
from loopwright.errors import UsageError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.cache.measure import AtThreshold
from loopwright.llm.embedding.spec import EmbedderSpec, hashing, minilm

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Local = Literal["minilm", "hashing"]
Project = Annotated[Path, typer.Option(help="The project's folder.")]
_SHOWN = 5
_NO_VERDICT = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What is measured."""

    pairs: Annotated[Path | None, typer.Option(help="Labelled pairs, one JSON object a line; else the shipped.")] = None
    traffic: Annotated[bool, typer.Option("--traffic", help="What a shadow has seen, in place of pairs.")] = False
    at_most: Annotated[str, typer.Option(help="Share of false hits that is allowed: 1% or 0.01.")] = "1%"
    alike: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="With --traffic: cosine from which two answers are the same.")
    ] = 0.9
    embedder: Annotated[Local, typer.Option(help="What measures likeness on this machine.")] = "minilm"

    @property
    def spec(self) -> EmbedderSpec:
        """The embedder."""
        return minilm() if self.embedder == "minilm" else hashing()


@app.callback()
def _noun() -> None:
    """The cache of answers: how often it would be wrong, and what it has saved."""


@app.command("eval", epilog="Example: loopwright cache eval --pairs pairs.jsonl --at-most 1%")
@spread(Measured)
def evaluate(
    *,
    from_: From = None,
    to: To = None,
    project: Project = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
    options: Measured,
) -> Answer:
    """Measure how often similar requests would be answered wrongly, and choose the threshold."""
    at_most = _share(options.at_most)
    if options.traffic and options.pairs is not None:
        raise UsageError("--pairs and --traffic cannot be given together")
    folder = find_project(project.resolve())
    if options.traffic:
        workspace = open_workspace(folder, explicit={"home": home})
        found = measure_on_traffic(
            workspace, at_most=at_most, alike=options.alike, since=begin_of(from_), until=end_of(to), spec=options.spec
        )
    else:
        place = folder / settings_of(folder, {"home": home}).text("home")
        kept = place if (place / "home.json").is_file() else None
        found = measure_on_pairs(kept, pairs=options.pairs, at_most=at_most, spec=options.spec)
    code = 0 if found.chosen is not None else _NO_VERDICT
    return Answer(data=found, show=lambda: _show_measured(found), exit_code=code)


@app.command("report", epilog="Example: loopwright cache report support --from 2026-01-01")
def report(
    endpoint: Annotated[str | None, typer.Argument(help="One endpoint; all where none is named.")] = None,
    *,
    from_: From = None,
    to: To = None,
    project: Project = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Show how many answers came from the cache, and what that saved."""
    workspace = open_workspace(find_project(project.resolve()), explicit={"home": home})
    found = cache_savings(workspace, endpoint=endpoint, since=begin_of(from_), until=end_of(to))
    return Answer(data=found, show=lambda: _show_savings(found))


def policy_line(policy: CachePolicy) -> str:
    """What to write into the loop file."""
    said = f'semantic="on", threshold={policy.threshold:.2f}, stated_error={policy.stated_error}'
    return f"cache=lw.llm.CachePolicy({said})"


def _show_measured(found: CacheMeasurement) -> None:
    columns = ["threshold", "hits", "false hits", "at most", "hits by likeness alone", "false by likeness alone"]
    shown = [row for row in found.thresholds if _is_shown(row, found)]
    table(columns, [_measured_row(row) for row in shown], right=columns)
    if found.measured_on == "pairs":
        line(f"{found.n} pairs. Hits: of those that are the same. False hits: of those that differ.")
    else:
        line(
            f"{found.n:,} questions. Hits: of all of them. False hits: of the hits, judged by how alike the upstream's"
        )
        line("two answers are, which stands for a person's judgement and is not one: read some of them.")
    line(f"The bound holds with {found.sure:.0%} for requests like these, and for no others.")
    if found.kinds:
        table(
            ["kind", "same", "pairs", "answered"],
            [(kind.kind, "yes" if kind.same else "no", kind.n, kind.answered) for kind in found.kinds],
            right=["pairs", "answered"],
        )
    if found.policy is None:
        line(f"No threshold keeps false hits surely at {found.at_most:.1%} or less: leave the semantic cache off.")
        line(f"To state that, it takes {found.needed:,} cases or more without a single false hit.")
    else:
        line(f"Write into the loop file: {policy_line(found.policy)}")


def _is_shown(row: AtThreshold, found: CacheMeasurement) -> bool:
    """Every fifth of many, and the one that was chosen."""
    few = len(found.thresholds) <= 2 * _SHOWN
    return few or row is found.chosen or round(row.threshold * 100) % _SHOWN == 0


def _measured_row(row: AtThreshold) -> tuple[object, ...]:
    return (
        f"{row.threshold:.2f}",
        f"{row.hits.value:.1%} of {row.hits.n}",
        f"{round(row.false_hits.value * row.false_hits.n) if row.false_hits.n else 0} of {row.false_hits.n}",
        f"{row.at_most:.2%}",
        f"{row.hits_without_doubts:.1%}",
        f"{row.false_without_doubts:.1%}",
    )


def _show_savings(found: tuple[CacheSavings, ...]) -> None:
    if not found:
        line("No call of an application was answered in that time.")
        return
    columns = ["endpoint", "answered", "exact", "semantic", "saved $", "spent $", "upstream ms", "cache ms", "saved s"]
    table(columns, [_savings_row(row) for row in found], right=columns[1:])
    line("Saved money is an estimate: the tokens of cached answers at the period's mean price of a token.")


def _savings_row(row: CacheSavings) -> tuple[object, ...]:
    return (
        row.endpoint,
        row.requests,
        row.exact,
        row.semantic,
        row.saved_usd,
        row.spent_usd,
        row.upstream_ms,
        row.cached_ms,
        row.saved_s,
    )


def _share(text: str) -> float:
    """A share written as `1%` or `0.01`."""
    try:
        share = float(text.removesuffix("%")) / (100.0 if text.endswith("%") else 1.0)
    except ValueError:
        share = -1.0
    if not 0.0 < share < 1.0:
        raise UsageError(f"--at-most {text}", why="it is a share above 0 and below 1", fix="Write 1% or 0.01.")
    return share
