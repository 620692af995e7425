"""Every command: its help, its example, its answer as JSON, and the exit code that its result has."""

import json
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from loopwright.cli.main import build, main
from loopwright.cli.table import COMMANDS

LOOP = '''"""A loop that is quick to run."""

import loopwright as lw
from sklearn.tree import DecisionTreeClassifier

table = lw.Dataset("table", source="data/*.csv", key="id")


@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    return DecisionTreeClassifier(max_depth=depth, random_state=0).fit(rows.features, rows.label)


@lw.pipeline
def fit(depth: int = 3) -> lw.Candidate:
    rows = lw.training_set(table, features=["x", "n"], label="y")
    known, holdout = rows.split(fraction=0.4)
    return lw.Candidate(train(known, depth), holdout)


loop = lw.Loop("small", pipeline=fit, gate=[lw.at_least("roc_auc", 0.6)], release=lw.Canary())
'''


@pytest.fixture(autouse=True)
def own_modules(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = sys.modules.pop("loop", None)
    yield
    sys.modules.pop("loop", None)
    sys.modules.update({"loop": before} if before else {})


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has not run."""
    folder = tmp_path_factory.mktemp("commands")
    (folder / "data").mkdir()
    (folder / "loop.py").write_text(LOOP)
    rng = np.random.default_rng(0)
    x = rng.normal(size=200)
    noise = rng.normal(0, 0.5, 200)
    rows = {"id": range(200), "x": x, "n": rng.integers(0, 9, 200), "y": x + noise > 0}
    pl.DataFrame(rows).write_csv(folder / "data" / "first.csv")
    return folder


@pytest.fixture(scope="module")
def ran(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a champion."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("ran") / "project"))
    path = list(sys.path)
    assert main(["run", "--project", str(folder)]) == 0
    sys.path[:] = path
    sys.modules.pop("loop", None)
    return folder


class Command:
    """A command line in this process."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def text(self, command: str, *arguments: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert main([command, *arguments, "--project", str(self.folder)]) == code
        shown = self._capsys.readouterr()
        assert "Traceback" not in shown.err
        return shown.out

    def json(self, command: str, *arguments: str, code: int = 0) -> dict[str, Any]:
        return dict(json.loads(self.text(command, *arguments, "--json", code=code)))


@pytest.fixture
def cli(ran: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Of a project with a champion."""
    return Command(Path(shutil.copytree(ran, tmp_path / "project")), capsys)


@pytest.fixture
def bare(made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Of a project that has not run."""
    return Command(Path(shutil.copytree(made, tmp_path / "project")), capsys)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_the_example_and_the_shared_options(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    shown = capsys.readouterr().out
    assert COMMANDS[name].example in shown
    assert "--json" in shown
    assert "--debug" in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_the_example_is_one_that_can_be_typed(name: str) -> None:
    program, command, *arguments = shlex.split(COMMANDS[name].example)
    assert (program, command) == ("loopwright", name)
    parser = build(COMMANDS[name])
    with parser.make_context(name, arguments) as context:
        commands = getattr(parser, "commands", None)
        if commands is not None:
            rest = [*context._protected_args, *context.args]
            with commands[rest[0]].make_context(rest[0], rest[1:]):
                pass


@pytest.mark.parametrize("command", ["status", "trace", "reproduce", "serve", "report", "doctor"])
def test_a_home_is_needed_where_nothing_can_be_made(bare: Command, command: str) -> None:
    arguments = ("model:small",) if command == "trace" else ()
    error = bare.json(command, *arguments, code=1)["error"]
    assert error["code"].startswith("LW")
    assert error["fix"]
    assert not (bare.folder / ".loopwright").exists()


def test_plan_says_what_would_run_before_anything_has(bare: Command) -> None:
    assert "train" in bare.text("plan")
    assert bare.json("plan")


def test_plan_names_the_parameter_and_changes_nothing(cli: Command) -> None:
    blobs = cli.folder / ".loopwright" / "blobs"
    before = sorted(path.name for path in blobs.rglob("*"))
    assert "depth" in json.dumps(cli.json("plan", "--set", "depth=4"))
    assert sorted(path.name for path in blobs.rglob("*")) == before


def test_run_says_each_verdict_and_what_became_of_the_candidate(bare: Command) -> None:
    shown = bare.text("run")
    assert "at_least(roc_auc, 0.6)" in shown
    assert "champion: version 1" in shown
    assert bare.json("run")["ran"] == []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("def train(", "def train((", 1),
        ('label="y"', 'label="z"', 2),
        ("0.6)]", "1.0)]", 3),
        ('lw.at_least("roc_auc", 0.6)', 'lw.not_worse_than_champion("roc_auc", margin=0.1)', 4),
    ],
)
def test_the_exit_code_says_what_kind_of_refusal_it_was(bare: Command, old: str, new: str, code: int) -> None:
    path = bare.folder / "loop.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    assert bare.json("run", code=code)["error"]["what"]


def test_an_override_without_a_champion_lacks_an_approval(bare: Command) -> None:
    path = bare.folder / "loop.py"
    path.write_text(path.read_text().replace("0.6)]", "1.0)]"))
    assert bare.json("run", "--override", "I know better", code=5)["error"]["code"].startswith("LW")


def test_status_shows_datasets_models_and_arms(cli: Command) -> None:
    shown = cli.text("status")
    assert "table" in shown
    assert "small" in shown
    said = cli.json("status")
    assert said["arms"][0]["share"] == 1.0
    assert said["models"][0]["aliases"]["champion"] == said["arms"][0]["version"]


def test_trace_shows_the_chain_as_lines_and_as_json(cli: Command) -> None:
    lines = cli.text("trace", "model:small@champion")
    assert "gate_judged" in lines
    links = cli.json("trace", "model:small@champion")["links"]
    seqs = [link["event"]["seq"] for link in links]
    assert seqs == sorted(seqs)
    for link in links:
        assert all(cause < link["event"]["seq"] for cause in link["event"]["caused_by"])


def test_trace_of_nothing_is_a_user_error(cli: Command) -> None:
    assert "LW" in cli.json("trace", "model:other", code=1)["error"]["code"]


def test_reproduce_says_that_it_is_the_same_model(cli: Command) -> None:
    assert cli.json("reproduce")["verdict"] == "identical"
    assert cli.json("reproduce", "small@nowhere", code=1)["error"]["fix"]


def test_report_writes_one_page(cli: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cli.folder)
    cli.text("report", "--out", "page.html")
    page = (cli.folder / "page.html").read_text()
    assert "small" in page
    assert "<script src" not in page


def test_doctor_finds_nothing_wrong_with_a_new_home(cli: Command) -> None:
    failed = [check for check in cli.json("doctor")["checks"] if check["outcome"] == "fail"]
    assert failed == []


def test_replay_without_a_scenario_says_so_and_makes_no_home(cli: Command) -> None:
    assert "no scenario" in cli.json("replay", code=1)["error"]["what"]
    assert not (cli.folder / ".loopwright-replay").exists()


def test_new_makes_a_project_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "mine"), "--template", "tabular", "--json"]) == 0
    assert "loop.py" in json.loads(capsys.readouterr().out)["files"]
    assert Command(tmp_path / "mine", capsys).json("plan")
