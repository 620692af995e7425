"""`loopwright report`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.cli.project import opened
from loopwright.cli.render import Answer, line
from loopwright.export.loop_report import loop_report
from loopwright.export.report import render


def command(
    *,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("report.html"),
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Write one self-contained HTML page: drift, arms, quality, gate, cause and effect."""
    workspace, loaded = opened(project, file, home=home)
    out.write_text(render(loop_report(workspace, loaded.loop.name)), encoding="utf-8")
    return Answer(data={"report": str(out)}, show=lambda: line(f"Wrote {out}"))
