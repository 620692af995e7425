"""`loopwright reproduce`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.reproduce import Reproduction, reproduce
from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line


def command(
    *,
    version: Annotated[
        str, typer.Argument(help="NAME@ALIAS, NAME, or a version's digest; the loop's champion if left out.")
    ] = "",
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Rebuild a model from its pinned code and data, and prove that it is the same one."""
    workspace, loaded = opened(project, file, home=home)
    found = reproduce(workspace, loaded, version or loaded.loop.name)
    return Answer(data=found, show=lambda: _show(found), exit_code=0 if found.verdict != "different" else 1)


def _show(found: Reproduction) -> None:
    line(f"{found.verdict}: version {found.version[:12]}, rebuilt from its own code, data and seeds")
    then, now = found.model
    line(f"  model {then[:12]} then, {now[:12]} now")
    line(f"  scores on {found.rows:,} holdout rows differ by at most {found.largest_difference:.3g}")
    line(f"  (equivalent up to {found.tolerance:g})")
    for name, (before, after) in found.environment.items():
        line(f"  {name}: {before or 'absent'} then, {after or 'absent'} now")
