"""`loopwright trace`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.trace import Trace, describe, trace
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line
from loopwright.cli.show_course import show_course
from loopwright.core.clock import iso


def command(
    subject: Annotated[
        str, typer.Argument(help="A thing: model:NAME@champion, incident:ID, alert:ID, release:ID, run:ID, event:SEQ.")
    ],
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project, as .loopwright-replay.")] = None,
) -> Answer:
    """Print the chain of cause and effect behind a thing."""
    workspace = open_workspace(find_project(project.resolve()), explicit={"home": home})
    found = trace(workspace, subject)
    return Answer(data=found, show=lambda: _show(found))


def _show(found: Trace) -> None:
    if found.course is not None:
        show_course(found.course)
        line()
    for link in found.links:
        event, indent = link.event, "  " * min(link.depth, 12)
        line(f"{iso(event.logical_at)[:19]}  #{event.seq:<5} {indent}{describe(event)}  ({event.actor})")
