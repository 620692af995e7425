"""`loopwright run`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.cli.render import Answer
from loopwright.cli.run_answer import answer


def command(
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    file: Annotated[str, typer.Option(help="The loop file, relative to the project.")] = "loop.py",
    set_: Annotated[list[str] | None, typer.Option("--set", help="A pipeline parameter, as trees=300.")] = None,
    override: Annotated[str, typer.Option(help="Reason to let a candidate that did not pass into canary.")] = "",
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Run what changed, judge the candidate, register the version, start its release."""
    return answer(project=project, file=file, set_=set_, override=override, home=home)
