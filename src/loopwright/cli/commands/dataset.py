"""`loopwright dataset`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.dataset_view import DatasetView, view_dataset
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line, table
from loopwright.data.diff import Diff


def command(
    name: Annotated[str, typer.Argument(help="The dataset.")],
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Profile a dataset's newest version, and say what changed since the one before."""
    found = view_dataset(open_workspace(find_project(project.resolve()), explicit={"home": home}), name)
    return Answer(data=found, show=lambda: _show(found))


def _show(found: DatasetView) -> None:
    line(f"{found.name}, version {found.version[:12]}: {found.profile.rows:,} rows")
    rows = [
        (c.name, c.type, c.nulls, c.distinct, c.mean, ", ".join(level.value for level in c.top[:4]))
        for c in found.profile.columns
    ]
    table(["column", "type", "nulls", "distinct", "mean", "most frequent"], rows, right=["nulls", "distinct", "mean"])
    if found.change is not None:
        _show_change(found.change)


def _show_change(change: Diff) -> None:
    counts = f"{change.added:,} rows added, {change.changed:,} changed, {change.removed:,} removed"
    line(f"since {change.before[:12]}: {counts}")
    for shift in change.shifts[:5]:
        if shift.distance:
            line(f"  {shift.column} moved by {shift.distance:.3g}")
