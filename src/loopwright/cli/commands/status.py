"""`loopwright status`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.status import Status, status
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line, table
from loopwright.cli.show_retraining import running_line
from loopwright.core.clock import iso


def command(
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project, as .loopwright-replay.")] = None,
) -> Answer:
    """Show what is there: datasets, runs, models, releases, incidents."""
    workspace = open_workspace(find_project(project.resolve()), explicit={"home": home})
    found = status(workspace)
    return Answer(data=found, show=lambda: _show(found))


def _show(found: Status) -> None:
    line(f"home {found.home}, {'replay clock' if found.replay else 'clock'} {iso(found.now)[:19]}")
    if found.datasets:
        table(
            ["dataset", "rows landed", "version"],
            [(d.name, d.rows_landed, d.version[:12]) for d in found.datasets],
            right=["rows landed"],
        )
    if found.models:
        rows = [(m.name, m.versions, _aliases(m.aliases), _metrics(m.metrics)) for m in found.models]
        table(["model", "versions", "aliases", "on the holdout"], rows, right=["versions"])
    if found.arms:
        table(
            ["endpoint", "arm", "version", "share"],
            [(a.endpoint, a.arm, a.version[:12], f"{a.share:.0%}") for a in found.arms],
        )
    _notes(found)
    for name, rows_of in (("run", found.runs), ("release", found.releases), ("incident", found.incidents)):
        if rows_of:
            facts = [
                (r["id"], iso(r["at"])[:19], ", ".join(f"{k}={v}" for k, v in r.items() if k not in ("id", "at")))
                for r in rows_of
            ]
            table([name, "at", "facts"], facts)


def _notes(found: Status) -> None:
    """What a person should know of what goes on."""
    if found.untold:
        line(
            f"{found.untold} messages about incidents fail to go out; see `loopwright incident notifications --failing`"
        )
    for switch in found.killed:
        line(
            f"releases of {switch.endpoint} are stopped since {iso(switch.at)[:19]} by {switch.actor}: {switch.reason}"
        )
    for one in found.waiting:
        line(f"version {one.version[:12]} waits to be released on {one.endpoint} since {iso(one.at)[:19]}")
    for retrain in found.retrains:
        if retrain.state == "running":
            line(running_line(retrain))


def _aliases(aliases: dict[str, str]) -> str:
    return ", ".join(f"@{alias} {digest[:12]}" for alias, digest in sorted(aliases.items()))


def _metrics(metrics: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {value:.4f}" for name, value in metrics.items() if value is not None)
