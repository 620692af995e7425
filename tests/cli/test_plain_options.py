"""Plain options mean without Typer what they mean with it."""

import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

from loopwright.cli.plain_options import plain_options
from loopwright.cli.table import COMMANDS

DIRECT = [entry for entry in COMMANDS.values() if entry.direct]


def some(
    *, project: Path = Path(), file: str = "loop.py", set_: list[str] | None = None, home: str | None = None
) -> Any:
    return project, file, set_, home


def test_options_with_their_values_are_read() -> None:
    given = plain_options(["--project", "there", "--set", "a=1", "--set=b=2", "--home=h"], some)
    assert given == {"project": Path("there"), "set_": ["a=1", "b=2"], "home": "h"}
    assert plain_options([], some) == {}


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["-h"],
        ["--projec", "x"],
        ["x"],
        ["--file"],
        ["--file", "a", "--file", "b"],
        ["--file", "--home"],
        ["--"],
    ],
)
def test_anything_else_is_left_to_typer(arguments: list[str]) -> None:
    assert plain_options(arguments, some) is None


@pytest.mark.parametrize("entry", DIRECT, ids=lambda entry: entry.name)
def test_a_direct_command_has_the_parameters_of_the_one_typer_reads(entry: Any) -> None:
    module, _, name = entry.direct.partition(":")
    direct = signature(getattr(import_module(module), name)).parameters
    typed = signature(import_module(entry.module).command).parameters
    assert {key: one.default for key, one in direct.items()} == {key: one.default for key, one in typed.items()}


def test_a_run_does_not_import_typer() -> None:
    code = (
        "import sys\nfrom loopwright.cli.main import main\n"
        "main(['run', '--project', '/nowhere/at/all'])\nprint('typer' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
