"""`loopwright card`."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.app.card import card
from loopwright.app.workspace import find_project, open_workspace
from loopwright.cli.render import Answer, line
from loopwright.registry.card import card_markdown


def command(
    version: Annotated[str, typer.Argument(help="NAME@ALIAS, NAME (its champion), or a version's digest.")],
    *,
    project: Annotated[Path, typer.Option(help="The project's folder.")] = Path(),
    home: Annotated[str | None, typer.Option(help="Another home of the project.")] = None,
) -> Answer:
    """Print a model's card: what it is, what it was made from, how it was judged."""
    found = card(open_workspace(find_project(project.resolve()), explicit={"home": home}), version)
    return Answer(data=found, show=lambda: line(card_markdown(found)))
