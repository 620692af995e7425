"""Options of a data class as options of a command."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import typer
from typer.testing import CliRunner

from loopwright.cli.render import Answer
from loopwright.cli.spread import spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    colour: Annotated[str, typer.Option(help="Which one.")] = "red"
    loud: bool = False


@spread(Options)
def command(*, name: Annotated[str, typer.Argument(help="Whose.")], options: Options) -> Answer:
    """Say it."""
    typer.echo(f"{name} {options.colour} {options.loud}")
    return Answer(data=options, show=lambda: None)


def test_each_field_is_an_option_and_the_command_gets_one_value() -> None:
    app = typer.Typer()
    app.command()(command)

    assert CliRunner().invoke(app, ["me"]).output == "me red False\n"
    assert CliRunner().invoke(app, ["me", "--colour", "blue", "--loud"]).output == "me blue True\n"
    assert CliRunner().invoke(app, ["me", "--options", "x"]).exit_code == 2
    assert list(inspect.signature(command).parameters) == ["name", "colour", "loud"]
    assert command.__doc__ == "Say it."
