"""`loopwright eval run | list | report | compare | calibrate | cases | generate | queue | label | live`."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from loopwright.app.evaluations.declared import file_of_evaluations, live_in
from loopwright.app.evaluations.generated import generate_cases, passages_of
from loopwright.app.evaluations.journey import Done, EvaluationJourney, refuse_unasked_cost
from loopwright.app.evaluations.live import live_turn
from loopwright.app.evaluations.logged import LoggedCall, logged_calls
from loopwright.app.evaluations.preferring import preferences
from loopwright.app.evaluations.results import find_result, kept_results, read_result
from loopwright.app.evaluations.review import keep_review, review_queue
from loopwright.app.evaluations.target import endpoint_route
from loopwright.app.evaluations.traffic import case_lines, traffic_cases
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.evaluation_files import Files, write_files
from loopwright.cli.evaluation_options import RunOptions, Writer, wanted_in
from loopwright.cli.render import Answer, line, note, progress
from loopwright.cli.show_evaluation import (
    show_agreement,
    show_comparison,
    show_done,
    show_kept,
    show_plan,
    show_preferences,
)
from loopwright.cli.show_review import show_generated, show_queue, show_turn
from loopwright.cli.spread import spread
from loopwright.core.clock import SECOND
from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.evals.calibration import calibrate, labels_of, read_labels
from loopwright.evals.case_files import read_cases
from loopwright.evals.compare import compare
from loopwright.evals.plan import EvaluationPlan, explain
from loopwright.evals.run import Progress

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
_LABELS = 'People\'s labels, a line each: {"case": ID, "label": "pass"}.'
_DAY = 86_400 * SECOND
_EXIT = {Outcome.FAIL: 3, Outcome.UNKNOWN: 4}


@app.callback()
def _noun() -> None:
    """Evaluations: versions judged by cases, compared, reported, held against people."""


@app.command("run", epilog="Example: loopwright eval run --junit evals.xml")
@spread(RunOptions)
def run(
    evaluation: Annotated[list[str] | None, typer.Argument(help="Evaluations by name; all where left out.")] = None,
    *,
    project: Project = Path(),
    options: RunOptions,
) -> Answer:
    """Ask every case, score every answer, and say what the evaluation's bounds say."""
    wanted = wanted_in(find_project(project.resolve()), options, evaluation or [])
    workspace = open_workspace(wanted.folder, create=True)
    target = options.target(workspace, wanted.loop)
    journeys = [EvaluationJourney(workspace, one, target, manner=options.manner()) for one in wanted.evaluations]
    plans = [journey.plan() for journey in journeys]
    if options.dry_run:
        return Answer(data=plans, show=lambda: show_plan(plans))
    for journey, plan in zip(journeys, plans, strict=True):
        refuse_unasked_cost(journey, plan, agreed=options.agreed)
    done = [_done(*pair) for pair in zip(journeys, plans, strict=True)]
    written = write_files(done, options)
    return Answer(data=[one.kept for one in done], show=lambda: show_done(done, written), exit_code=_exit(done))


@app.command("list")
def list_(limit: Annotated[int, typer.Option(min=1, help="Results.")] = 30, *, project: Project = Path()) -> Answer:
    """List results, newest first."""
    found = kept_results(_workspace(project), limit=limit)
    return Answer(data=found, show=lambda: show_kept(found))


@app.command("report", epilog="Example: loopwright eval report latest --html eval.html --markdown eval.md")
@spread(Files)
def report(
    result: Annotated[str, typer.Argument(help="The result's id, the beginning of it, or latest.")] = "latest",
    *,
    project: Project = Path(),
    options: Files,
) -> Answer:
    """Show a result again, or write it as a page, as Markdown or as JUnit."""
    workspace = _workspace(project)
    kept = find_result(workspace, result)
    done = [Done(kept=kept, result=read_result(workspace, kept))]
    written = write_files(done, options)
    return Answer(data=done[0], show=lambda: show_done(done, written))


@app.command("compare", epilog="Example: loopwright eval compare evl_3f2a evl_91bc --html compared.html")
@spread(Files)
def compare_(
    first: Annotated[str, typer.Argument(help="A result's id, the beginning of it, or latest.")],
    second: Annotated[str, typer.Argument(help="The result to compare it with, on the same cases.")],
    *,
    pairwise: Annotated[str | None, typer.Option(help="A file with a judge of pairs: ask it which is better.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to what asking the judge costs.")] = False,
    project: Project = Path(),
    options: Files,
) -> Answer:
    """Compare two results case by case: wins, losses, ties, with intervals."""
    workspace = _workspace(project)
    kept = [find_result(workspace, text) for text in (first, second)]
    if pairwise is not None:
        module = file_of_evaluations(workspace.project / pairwise)
        said = asyncio.run(preferences(workspace, module, kept[0], second=kept[1], agreed=yes))
        return Answer(data=said, show=lambda: show_preferences(said, kept))
    results = [read_result(workspace, one) for one in kept]
    found = compare(results[0], results[1])
    written = write_files([Done(kept=kept[0], result=results[0])], options, comparison=found)
    return Answer(data=found, show=lambda: show_comparison(found, kept, written))


@app.command("calibrate", epilog="Example: loopwright eval calibrate latest --labels labels.jsonl")
def calibrate_(
    result: Annotated[str, typer.Argument(help="The result's id, the beginning of it, or latest.")] = "latest",
    *,
    labels: Annotated[Path | None, typer.Option(help=_LABELS)] = None,
    cases: Annotated[list[str] | None, typer.Option(help="Cases that bring labels along, as `metadata.label`.")] = None,
    project: Project = Path(),
) -> Answer:
    """Hold scorers against people: agreement beyond chance, and where they differ."""
    workspace = _workspace(project)
    if (labels is None) == (not cases):
        raise UsageError("say where the labels are", fix="Give either --labels FILE or --cases PATTERN.")
    kept = find_result(workspace, result)
    known = read_labels(labels) if labels else labels_of(read_cases(cases or [], workspace.project).cases)
    found = calibrate(read_result(workspace, kept), known)
    return Answer(data=found, show=lambda: show_agreement(found))


@app.command("cases", epilog="Example: loopwright eval cases bot cases/traffic.jsonl --reviewed")
def cases_(
    endpoint: Annotated[str, typer.Argument(help="Whose traffic.")],
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    size: Annotated[int, typer.Option(min=1, help="How many, at most.")] = 100,
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 30,
    reviewed: Annotated[bool, typer.Option("--reviewed", help="Only what people said something of.")] = False,
    project: Project = Path(),
) -> Answer:
    """Make cases of traffic: masked, with people's corrections as what is expected."""
    found = traffic_cases(_calls(_workspace(project), endpoint, days), size=size, reviewed=reviewed)
    out.write_text("".join(case_lines(found)), encoding="utf-8")
    return Answer(data={"file": str(out), "cases": len(found)}, show=lambda: line(f"Wrote {len(found)} cases to {out}"))


@app.command("generate", epilog="Example: loopwright eval generate 'docs/*.md' new.jsonl --endpoint URL --model M")
@spread(Writer)
def generate(
    documents: Annotated[str, typer.Argument(help="Text files, relative to the project.")],
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    size: Annotated[int, typer.Option(min=1, help="Passages, at most.")] = 20,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to what it costs.")] = False,
    project: Project = Path(),
    options: Writer,
) -> Answer:
    """Let a model write cases to documents, as a start; read them before you use them."""
    workspace = open_workspace(find_project(project.resolve()), create=True)
    route = endpoint_route(options.endpoint, options.model, key=options.key)
    found = passages_of([documents], workspace.project)
    if options.key and not yes:
        raise UsageError(f"{min(size, len(found))} questions may cost money", fix="Add --yes.")
    done = asyncio.run(generate_cases(workspace, found, route, size=size))
    out.write_text("".join(case_lines(done.cases)), encoding="utf-8")
    return Answer(data={**msgspec.to_builtins(done), "file": str(out)}, show=lambda: show_generated(done, out))


@app.command("queue")
def queue(
    endpoint: Annotated[str, typer.Argument(help="Whose answers.")],
    *,
    size: Annotated[int, typer.Option(min=1, help="How many, at most.")] = 20,
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 30,
    project: Project = Path(),
) -> Answer:
    """Show answers that a person should look at: disliked, failed, or drawn by chance."""
    workspace = _workspace(project)
    found = review_queue(workspace, endpoint, _calls(workspace, endpoint, days), size=size)
    return Answer(data=found, show=lambda: show_queue(found))


@app.command("label", epilog="Example: loopwright eval label bot req_3f2a --correction 'Within 30 days.'")
def label(
    endpoint: Annotated[str, typer.Argument(help="Who answered.")],
    request: Annotated[str, typer.Argument(help="The request's id.")],
    *,
    up: Annotated[bool | None, typer.Option("--up/--down", help="Whether the answer is good.")] = None,
    correction: Annotated[str | None, typer.Option(help="What the answer should have been.")] = None,
    project: Project = Path(),
) -> Answer:
    """Say what you think of an answer; a correction becomes a case with `eval cases --reviewed`."""
    keep_review(_workspace(project), endpoint, request, thumbs=up, correction=correction)
    return Answer(data={"request_id": request}, show=lambda: line("Kept."))


@app.command("live")
def live(
    endpoint: Annotated[str, typer.Argument(help="Whose answers.")],
    *,
    project: Project = Path(),
    file: Annotated[
        str, typer.Option(help="The file with a `lw.evals.live(...)`, relative to the project.")
    ] = "loop.py",
) -> Answer:
    """Judge what is new of the sample of live traffic, once."""
    workspace = _workspace(project)
    declared = live_in(file_of_evaluations(workspace.project / file))
    done = asyncio.run(live_turn(workspace, endpoint, declared))
    return Answer(data=done, show=lambda: show_turn(done))


def _calls(workspace: Workspace, endpoint: str, days: int) -> Sequence[LoggedCall]:
    return logged_calls(workspace, endpoint, since=workspace.clock.now() - days * _DAY)


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()))


def _done(journey: EvaluationJourney, plan: EvaluationPlan) -> Done:
    """Say what is asked, ask, and draw how far it has come."""
    for text in explain(plan):
        note(text)
    with progress() as bars:
        advance = bars.start("answers", plan.cases * plan.repeats)

        def on_progress(_: Progress) -> None:
            advance(1)

        return asyncio.run(journey.apply(on_progress))


def _exit(done: Sequence[Done]) -> int:
    """As for a gate: the worst verdict decides."""
    outcomes = {one.kept.verdict.outcome for one in done if one.kept.verdict is not None}
    return next((code for outcome, code in _EXIT.items() if outcome in outcomes), 0)
