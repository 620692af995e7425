"""`loopwright new`."""

from pathlib import Path
from shlex import quote
from typing import Annotated

import typer

from loopwright.app.entry import entry
from loopwright.app.new import NewProject, new_from_template
from loopwright.cli.render import Answer, line
from loopwright.errors import UsageError


def command(
    *,
    name: Annotated[str, typer.Argument(help="Folder of the new project.")],
    template: Annotated[str, typer.Option(help="flights, tabular, llm or finetune.")] = "",
    data: Annotated[Path | None, typer.Option(help="Your own CSV or Parquet file.")] = None,
    target: Annotated[str, typer.Option(help="The column to predict, with --data.")] = "",
    key: Annotated[str, typer.Option(help="The column that identifies a row, with --data.")] = "",
    time: Annotated[str, typer.Option(help="The column that says when a row happened, with --data.")] = "",
) -> Answer:
    """Make a project from a template, or from your own table."""
    if data is not None and template:
        raise UsageError("--template and --data exclude each other", fix="Give one of them.")
    if data is not None:
        if not target:
            raise UsageError("--data needs --target", fix="Name the column to predict: --target COLUMN.")
        made = entry("loopwright.app.new_from_data:new_from_data")(
            Path(name), data, target, key=key or None, time=time or None
        )
    else:
        made = new_from_template(Path(name), template or "tabular")
    return Answer(data=made, show=lambda: _show(made))


def _show(made: NewProject) -> None:
    line(f"Made {made.project} with {len(made.files)} files; the loop is in {made.project}/loop.py.")
    for text in made.notes:
        line(f"  - {text}")
    line(f"Next: cd {quote(made.project)} && loopwright run && loopwright up")
