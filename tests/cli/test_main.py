"""The frame: what is answered without Typer, what an error looks like, and which exit code it has."""

import json
import subprocess
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Annotated

import pytest
import typer

from loopwright.cli import main as frame
from loopwright.cli.main import main, split_flags
from loopwright.cli.render import Answer, line
from loopwright.cli.table import COMMANDS
from loopwright.errors import NotFoundError
from loopwright.version import VERSION


def fake(
    name: Annotated[str, typer.Argument(help="What to greet.")] = "you",
    times: Annotated[int, typer.Option(help="How often.")] = 1,
    raises: Annotated[str, typer.Option(hidden=True)] = "",
) -> Answer:
    """Greet somebody."""
    if raises:
        raise FAILURES[raises]
    return Answer(data={"name": name, "times": times}, show=lambda: line(f"hello {name}" * times))


FAILURES: dict[str, BaseException] = {
    "user": NotFoundError("no dataset named 'flight'"),
    "bug": KeyError("oops"),
    "interrupt": KeyboardInterrupt(),
    "abort": typer.Abort(),
    "leave": typer.Exit(4),
}


@pytest.fixture(autouse=True)
def fake_command(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    module = ModuleType("fake")
    module.command = fake  # type: ignore[attr-defined]
    monkeypatch.setattr(frame, "import_module", lambda _: module)
    stdout = sys.stdout
    yield
    sys.stdout = stdout


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_one_line(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out == f"loopwright {VERSION}\n"


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["help"]])
def test_help_lists_every_command_with_its_line(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 0
    shown = capsys.readouterr().out
    for entry in COMMANDS.values():
        assert f"  {entry.name:<11}{entry.help}\n" in shown


@pytest.mark.parametrize("argv", [["--version"], ["--help"], ["no-such-command"]])
def test_the_frame_alone_loads_no_library(argv: list[str]) -> None:
    code = (
        f"import sys; from loopwright.cli.main import main; main({argv!r}); "
        "heavy = {'typer', 'rich', 'msgspec', 'polars', 'numpy', 'sklearn', 'asyncio', 'importlib.metadata'};"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_command_gets_its_parameters_and_prints_for_a_person(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "world", "--times", "2"]) == 0
    assert capsys.readouterr().out == "hello worldhello world\n"


def test_json_prints_the_data_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "world", "--json"]) == 0
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"name": "world", "times": 1}
    assert shown.err == ""


def test_the_help_of_a_command_shows_its_options_the_shared_ones_and_an_example(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["plan", "--help"]) == 0
    shown = capsys.readouterr().out
    for part in (
        "Usage: loopwright plan",
        "Greet somebody.",
        "--times",
        "  --json ",
        "  --debug ",
        "Example:\n    loopwright plan",
    ):
        assert part in shown


def test_debug_adds_the_trace(capsys: pytest.CaptureFixture[str]) -> None:
    main(["plan", "--raises", "bug", "--debug"])
    shown = capsys.readouterr().err
    assert "Traceback" in shown
    assert "in fake" in shown


def test_an_error_is_json_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--raises", "user", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "LW104"


def test_a_command_that_leaves_early_keeps_its_exit_code() -> None:
    assert main(["plan", "--raises", "leave"]) == 4


@pytest.mark.parametrize("raised", ["interrupt", "abort"])
def test_an_interrupt_leaves_quietly_with_130(raised: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--raises", raised]) == 130
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "argv", [["plan", "--no-such-option"], ["plan", "--times", "many"], ["plan", "a", "b"], ["plna"]]
)
def test_a_usage_error_is_a_user_error_with_exit_code_1(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(argv) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error LW105: ")
    assert "loopwright plan" in shown


def test_flags_are_taken_from_anywhere_before_a_bare_dash_dash() -> None:
    rest, flags = split_flags(["run", "--json", "x", "--", "--debug"])
    assert rest == ["run", "x", "--", "--debug"]
    assert (flags.as_json, flags.debug) == (True, False)


def test_the_exit_code_of_a_result_is_that_of_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("fake")
    module.command = lambda: Answer(data=[], show=line, exit_code=3)  # type: ignore[attr-defined]
    monkeypatch.setattr(frame, "import_module", lambda _: module)
    assert main(["doctor"]) == 3


def test_a_noun_may_have_verbs_of_its_own(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(name="make")(fake)
    app.command(name="drop")(lambda: None)
    module = ModuleType("fake")
    module.app = app  # type: ignore[attr-defined]
    monkeypatch.setattr(frame, "import_module", lambda _: module)
    assert main(["status", "make", "it"]) == 0
    assert capsys.readouterr().out == "hello it\n"
