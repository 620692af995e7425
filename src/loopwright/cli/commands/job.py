"""`loopwright job list | show | cancel`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.job import Job, find_job, jobs, wish_cancelled
from loopwright.app.workspace import Workspace, find_project, open_workspace
from loopwright.cli.render import Answer, line, table
from loopwright.core.clock import iso

app = typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=True)
Project = Annotated[Path, typer.Option(help="The project's folder.")]
JobId = Annotated[str, typer.Argument(metavar="ID", help="The job's id, or the beginning of it.")]


@app.command("list")
def list_(project: Project = Path()) -> Answer:
    """List jobs, newest first."""
    found = jobs(_workspace(project), limit=100)
    rows = [(j.id[:16], iso(j.submitted_at)[:19], j.request.endpoint, j.state, j.rows or None, j.by) for j in found]
    columns = ["job", "submitted", "endpoint", "state", "rows", "by"]
    return Answer(data=found, show=lambda: table(columns, rows, right=["rows"]))


@app.command("show")
def show(job: JobId, project: Project = Path()) -> Answer:
    """Show a job: its state, what became of it, who was told."""
    found = find_job(_workspace(project), job)
    return Answer(data=found, show=lambda: _show(found))


@app.command("cancel")
def cancel(job: JobId, project: Project = Path()) -> Answer:
    """End a job that waits or runs; the control process does it within a second."""
    found = wish_cancelled(_workspace(project), job)
    return Answer(data=found, show=lambda: line(f"{found.id} will be cancelled"))


def _workspace(project: Path) -> Workspace:
    return open_workspace(find_project(project.resolve()))


def _show(job: Job) -> None:
    line(f"{job.id}: {job.state}, for {job.request.endpoint}, submitted {iso(job.submitted_at)[:19]} by {job.by}")
    if job.batch:
        line(f"  {job.scored:,} of {job.rows:,} rows scored, {job.refused:,} refused; trace batch:{job.batch}")
    if job.error:
        line(f"  {job.error['code']} {job.error['what']}: {job.error['why']}")
    if job.webhook:
        line(f"  webhook: {job.webhook.state} after {job.webhook.attempts} attempts {job.webhook.why}")
