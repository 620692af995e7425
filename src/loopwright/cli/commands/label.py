"""`loopwright label queue | list | export | import | land`."""

import json
from pathlib import Path
from typing import Annotated, Literal, get_args

import typer

from loopwright.app.labelling.batch import LabelBatch, batches, find_batch, make_batch
from loopwright.app.labelling.exchange import Imported, shown, take_sheet
from loopwright.app.labelling.informative import REASONS, Reason
from loopwright.app.labelling.sheets import Form, csv_text, label_studio_config, label_studio_tasks
from loopwright.app.labelling.training_rows import LabelledRows, land_labelled
from loopwright.app.versions import manifest_of
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.project import opened, the_endpoint
from loopwright.cli.render import Answer, line, table
from loopwright.core.clock import iso
from loopwright.errors import UsageError

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
BatchId = Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id, or the beginning of it.")]
_REASON = "uncertain, disagreeing, drifted or random; give it once for each. All four where left out."


@app.callback()
def _noun() -> None:
    """Labelling: ask for the labels that tell most, take them back, learn from them."""


@app.command("queue")
def queue(
    endpoint: Annotated[str | None, typer.Argument(help="Whose requests; not needed where there is one.")] = None,
    *,
    size: Annotated[int, typer.Option(help="How many requests, at most.")] = 100,
    days: Annotated[int, typer.Option(min=1, help="How far to look back.")] = 30,
    reason: Annotated[list[str] | None, typer.Option(help=_REASON)] = None,
    project: Project = Path(),
) -> Answer:
    """Choose the requests whose labels would tell most, as a batch."""
    workspace = _workspace(project)
    chosen = tuple(_reason(word) for word in reason or REASONS)
    batch = make_batch(workspace, the_endpoint(workspace, endpoint), size=size, days=days, reasons=chosen)
    return Answer(data=batch, show=lambda: _show(batch))


@app.command("list")
def list_(project: Project = Path()) -> Answer:
    """List batches, newest first."""
    found = batches(_workspace(project))
    rows = [(b.id, iso(b.made_at)[:19], b.endpoint, len(b.tasks), b.labelled, _reasons(b)) for b in found]
    columns = ["batch", "made", "endpoint", "requests", "labelled", "chosen because"]
    return Answer(data=found, show=lambda: table(columns, rows, right=["requests", "labelled"]))


@app.command("export")
def export(
    batch: BatchId,
    out: Annotated[Path, typer.Argument(help="The file to write.")],
    *,
    form: Annotated[str, typer.Option("--format", help="csv or label-studio.")] = "csv",
    project: Project = Path(),
) -> Answer:
    """Write a batch for people to label: a CSV, or tasks and an interface for Label Studio."""
    workspace = _workspace(project)
    files = _written(workspace, find_batch(workspace, batch), out, form=_form(form))
    return Answer(data={"files": files}, show=lambda: line(f"Wrote {' and '.join(files)}"))


@app.command("import")
def import_(
    batch: BatchId,
    sheet: Annotated[Path, typer.Argument(help="The CSV, or Label Studio's JSON export.")],
    *,
    project: Project = Path(),
) -> Answer:
    """Take the labels back; the same sheet again changes nothing."""
    workspace = _workspace(project)
    done = take_sheet(workspace, find_batch(workspace, batch), sheet)
    return Answer(data=done, show=lambda: _took(done))


@app.command("land")
def land(
    project: Project = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
) -> Answer:
    """Make labelled requests rows of the dataset that the loop learns from, as a new version."""
    workspace, loaded = opened(project, file)
    done = land_labelled(workspace, loaded)
    return Answer(data=done, show=lambda: _landed(done))


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()))


def _reason(word: str) -> Reason:
    for reason in REASONS:
        if reason == word:
            return reason
    raise UsageError(f"{word!r} is no reason to ask for a label", fix=f"Name {', '.join(REASONS)}.")


def _form(word: str) -> Form:
    form: Literal["csv", "label-studio"] = "label-studio" if word == "label-studio" else "csv"
    if form != word:
        raise UsageError(f"there is no format {word!r}", fix=f"Name {' or '.join(get_args(Form))}.")
    return form


def _written(workspace: Workspace, batch: LabelBatch, out: Path, *, form: Form) -> list[str]:
    rows = shown(workspace, batch)
    if form == "csv":
        out.write_text(csv_text(rows), encoding="utf-8", newline="")
        return [str(out)]
    signature = manifest_of(workspace, batch.version).signature
    tasks = label_studio_tasks(rows, version=batch.version, signature=signature)
    out.write_text(json.dumps(tasks, ensure_ascii=False, indent=1), encoding="utf-8")
    interface = out.with_suffix(".xml")
    interface.write_text(label_studio_config(signature), encoding="utf-8")
    return [str(out), str(interface)]


def _reasons(batch: LabelBatch) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in batch.reasons.items())


def _show(batch: LabelBatch) -> None:
    line(f"{batch.id}: {len(batch.tasks)} of {batch.looked_at:,} unlabelled requests to {batch.endpoint}")
    line(f"  {_reasons(batch)}")
    line(f"Next: loopwright label export {batch.id} to-label.csv")


def _took(done: Imported) -> None:
    line(f"{done.kept:,} labels kept, {done.unchanged:,} known already, {done.left:,} requests of the batch still wait")
    if done.disputed:
        line(f"  people disagree on {', '.join(done.disputed[:5])}{' …' if len(done.disputed) > 5 else ''}")
    if done.foreign:
        line(f"  {done.foreign:,} requests of the sheet are not in this batch and were left out")
    if done.kept:
        line("Next: loopwright label land, then loopwright run")


def _landed(done: LabelledRows) -> None:
    if done.version is None:
        line(f"Nothing to land in {done.dataset}: it has a row of each of the {done.known:,} labelled things")
        return
    line(f"{done.rows:,} rows landed in {done.dataset}, version {done.version[:12]}; {done.known:,} were there already")
    line("Next: loopwright run")
