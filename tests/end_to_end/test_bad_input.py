"""Whatever is wrong, a person gets one clear error with the right exit code, and nothing is half-written."""

import json
import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from loopwright.cli.main import main

Project = Any
"""`conftest.Project`: a folder with a loop, and its command line."""
AS_ROOT = os.geteuid() == 0
SETPRIV = shutil.which("setpriv")
UNPRIVILEGED = (SETPRIV or "", "--bounding-set=-dac_override,-dac_read_search") if AS_ROOT else ()
"""Root reads and writes everywhere; without these two capabilities it is held to the file modes as everybody is."""
bound_by_modes = pytest.mark.skipif(AS_ROOT and SETPRIV is None, reason="root, and no setpriv to give up its privilege")
GOOD = "id,x,n,y\n" + "".join(f"{1000 + i},{i * 0.1},{i % 5},{'true' if i % 2 else 'false'}\n" for i in range(40))


# -- data ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("id,x,y\n1,0.5,true\n", "LW203", "'n'"),
        ("id,x,n,y\n1,much,3,true\n", "LW201", "x: type Float64 broken by 1 row (data/new.csv:2"),
        ("id,x,n,y\n1,0.5,-3,true\n", "LW201", "n: greater_than_or_equal_to(0) broken by 1 row"),
        ("", "LW202", "is empty"),
        ("id,x,n,y\n", "LW202", "no rows"),
        ("id,x,n,y\n1,0.5,3,true\n2,0.5,3\n", "LW202", "data/new.csv, line 3 has 3 fields where the header has 4"),
        ("id,x,n,n\n1,0.5,3,3\n", "LW202", "'n' 2 times"),
        ('id,x,n,y\n1,0.5,3,"true\n', "LW202", "never ends"),
        ("id,x,n,y\n7,0.5,3,true\n7,0.6,3,true\n", "LW204", "'id' is not unique"),
        ("PK\x03\x04", "LW202", "zip"),
    ],
)
def test_a_file_that_is_not_as_promised_is_refused_whole(champion: Project, text: str, code: str, said: str) -> None:
    champion.data(text)
    before = champion.event_kinds()
    error = champion.cli("run").error(code, 2)
    assert said in error
    assert champion.event_kinds() == [*before, "dataset_refused"]
    champion.assert_whole()


def test_after_the_file_is_mended_the_same_command_works(champion: Project) -> None:
    champion.data("id,x,n,y\n1,much,3,true\n")
    champion.cli("run").error("LW201", 2)
    champion.data(GOOD)
    champion.change("max_depth=depth", "max_depth=depth, min_samples_leaf=5")
    assert champion.cli("run").code == 0


def test_a_source_without_a_file_says_where_it_looked(project: Project) -> None:
    shutil.rmtree(project.folder / "data")
    assert "no file matches 'data/*.csv'" in project.cli("run").error("LW202", 2)
    project.assert_whole()


@pytest.mark.parametrize(("y", "said"), [("true", "one class only"), ("", "no row has a label")])
def test_a_target_that_cannot_be_learned(project: Project, y: str, said: str) -> None:
    (project.folder / "data" / "first.csv").write_text("id,x,n,y\n" + "".join(f"{i},{i},{i},{y}\n" for i in range(50)))
    assert said in project.cli("run").error("LW205", 2)
    assert project.event_kinds()[-1] == "run_finished"
    project.assert_whole()


@pytest.mark.parametrize(
    ("old", "new", "code", "exit_code", "said"),
    [
        ('label="y"', 'label="late"', "LW203", 2, "no column 'late'"),
        ('["x", "n"]', '["x", "speed"]', "LW203", 2, "no column 'speed'"),
        ('["x", "n"]', '["x", "y"]', "LW105", 1, "listed among the features"),
    ],
)
def test_a_column_that_is_not_there(
    champion: Project, old: str, new: str, code: str, exit_code: int, said: str
) -> None:
    champion.change(old, new)
    assert said in champion.cli("run").error(code, exit_code)
    champion.assert_whole()


# -- the loop file ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ("def train(", "def train((", "LW101", "loop.py, line 19"),
        ("import loopwright as lw", "import loopwright as lw\nimport no_such_package", "LW101", "no_such_package"),
        ("max_depth=depth", "max_depth=dept", "LW106", "dept"),
        ("    known, holdout =", "    if rows:\n        pass\n    known, holdout =", "LW102", "does not exist yet"),
        ("train(known, depth)", "train(known, depth, 7)", "LW102", "wrong arguments"),
        ("train(known, depth)", "train(known.features, depth)", "LW102", ".features"),
        ("train(known, depth)", "train(known, object())", "LW102", "object"),
        ('lw.Loop("small"', 'lw.Loop("Small Loop"', "LW105", "cannot name a loop"),
        ('"data/*.csv"', '"data/*.csv", fresh_within="soon"', "LW105", "soon"),
        ('lw.at_least("roc_auc"', 'lw.at_least("auc"', "LW105", "auc"),
        ('rows.split(fraction=0.4)', 'rows.split(last="30d")', "LW105", "event time"),
        ('rows.split(fraction=0.4)', 'rows.split(fraction=4)', "LW105", "fraction=4"),
        ("lw.Candidate(train(known, depth), holdout)", "lw.Candidate(train(known, depth), depth)", "LW1", ""),
    ],
)  # fmt: skip
def test_a_loop_file_with_a_mistake(project: Project, old: str, new: str, code: str, said: str) -> None:
    project.change(old, new)
    error = project.cli("run")
    code = code if len(code) > 3 else error.err.split("error ")[1][:5]
    assert said in error.error(code, 1)
    if project.home.exists():
        project.assert_whole()


def test_a_loop_file_that_cannot_be_read_makes_no_home(project: Project) -> None:
    project.change("def train(", "def train((")
    project.process("run").error("LW101", 1)
    assert sorted(path.name for path in project.folder.iterdir()) == ["data", "loop.py"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--set", "trees=3"), "LW105"), (("--set", "depth"), "LW105"), (("--file", "other.py"), "LW101")],
)
def test_an_argument_that_cannot_be(champion: Project, arguments: tuple[str, ...], code: str) -> None:
    champion.cli("run", *arguments).error(code, 1)
    champion.assert_whole()


# -- verdicts --------------------------------------------------------------------------------------


def test_a_candidate_that_fails_its_gate_is_exit_code_3_and_no_version(project: Project) -> None:
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    assert "roc_auc" in project.cli("run").error("LW301", 3)
    assert "version_registered" not in project.event_kinds()
    project.assert_whole()


@pytest.mark.parametrize("gate", ["lw.not_worse_than_champion('roc_auc', margin=0.1)", "lw.at_least('r2', 0.1)"])
def test_a_gate_without_evidence_is_exit_code_4_and_no_version(project: Project, gate: str) -> None:
    project.change('lw.at_least("roc_auc", 0.6)', gate)
    project.cli("run").error("LW302", 4)
    assert "version_registered" not in project.event_kinds()
    project.assert_whole()


# -- the machine -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "offset"), [("serve", 0), ("up", 0), ("up", 1)])
def test_a_busy_port_is_told_before_anything_starts(champion: Project, command: str, offset: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert str(port) in champion.cli(command, "--port", str(port - offset)).error("LW107", 1)
    champion.assert_whole()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("free_kb", [0, 40, 150, 330, 420, 500])
def test_a_full_disk_is_told_and_once_there_is_room_the_run_goes_on(
    bare_project: Callable[[Path], Project], small_disk: Path, free_kb: int
) -> None:
    project = bare_project(small_disk / "project")
    ballast = small_disk / "ballast"
    fill(ballast, free_kb)
    said = project.process("run")
    ballast.unlink()
    if said.code == 0:
        pytest.skip(f"the run fits into {free_kb} kB")
    said.error("LW406", 1)
    if project.home.exists():
        project.assert_whole()
    assert project.process("run").code == 0
    project.assert_whole()


def fill(ballast: Path, free_kb: int) -> None:
    stat = os.statvfs(ballast.parent)
    ballast.write_bytes(b"\0" * max(0, stat.f_bavail * stat.f_frsize - free_kb * 1024))


@bound_by_modes
@pytest.mark.parametrize(
    "place", [".", ".loopwright", ".loopwright/blobs", ".loopwright/ledger.db", "data/first.csv", "loop.py"]
)
def test_no_permission_is_told_with_the_path(champion: Project, place: str) -> None:
    path = champion.folder / place
    if place == ".":
        shutil.rmtree(champion.home)
    champion.data(GOOD)
    mode = path.stat().st_mode
    path.chmod(0o555 if path.is_dir() else 0o000)
    try:
        said = champion.process("run", before=UNPRIVILEGED)
    finally:
        path.chmod(mode)
    assert path.name in said.error("LW407", 1)
    if champion.home.exists():
        champion.assert_whole()
    assert champion.cli("run").code == 0


def test_a_damaged_blob_is_named_and_doctor_finds_it(champion: Project) -> None:
    for blob in champion.home.glob("blobs/??/*"):
        blob.chmod(0o644)
        blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    champion.change("depth: int = 3", "depth: int = 4")
    said = champion.cli("run")
    error = said.error("LW404", 1)
    assert "does not match its digest" in error
    assert "loopwright doctor" in error
    assert champion.cli("doctor", "--deep").code == 1


@pytest.mark.parametrize("command", ["run", "plan", "status", "doctor", "serve", "up"])
def test_a_home_of_a_newer_version_is_left_alone(champion: Project, command: str) -> None:
    about = champion.home / "home.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"format": 99}))
    before = {path: path.stat().st_mtime_ns for path in champion.home.rglob("*")}
    assert "99" in champion.cli(command).error("LW405", 1)
    assert {path: path.stat().st_mtime_ns for path in champion.home.rglob("*")} == before


@pytest.mark.parametrize("text", ["", "{", '{"format": "one"}', "[]"])
def test_a_home_that_is_none_is_told(champion: Project, text: str) -> None:
    (champion.home / "home.json").write_text(text)
    champion.cli("status").error("LW409", 1)


@pytest.mark.parametrize("command", ["status", "doctor", "trace"])
def test_a_folder_without_a_home_is_told(project: Project, command: str) -> None:
    project.cli(command, *(["model:small"] if command == "trace" else [])).error("LW409", 1)
    assert not project.home.exists()


# -- new -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "arguments", "code", "exit_code"),
    [
        (GOOD, ["--target", "z"], "LW203", 2),
        (GOOD, ["--target", "y", "--key", "n"], "LW204", 2),
        (GOOD, ["--target", "y", "--time", "x"], "LW201", 2),
        (GOOD, [], "LW105", 1),
        (GOOD, ["--target", "y", "--template", "tabular"], "LW105", 1),
        ("a,y\n1,1\n2,1\n", ["--target", "y"], "LW205", 2),
        ("a,y\n1,1\n2\n", ["--target", "y"], "LW202", 2),
        ("", ["--target", "y"], "LW202", 2),
        (None, ["--target", "y"], "LW202", 2),
    ],
)
def test_new_from_a_table_that_cannot_be_used(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    text: str | None,
    arguments: list[str],
    code: str,
    exit_code: int,
) -> None:
    if text is not None:
        (tmp_path / "t.csv").write_text(text)
    said = main(["new", str(tmp_path / "made"), "--data", str(tmp_path / "t.csv"), *arguments])
    shown = capsys.readouterr()
    assert (said, shown.err.count("error LW")) == (exit_code, 1)
    assert shown.err.startswith(f"error {code}: ")
    assert [path.name for path in tmp_path.iterdir()] == ([] if text is None else ["t.csv"])


@pytest.mark.parametrize(
    ("template", "code"), [(["--template", "tabular"], "LW100"), (["--data", "t.csv", "--target", "y"], "LW406")]
)
def test_new_on_a_full_disk_leaves_nothing(small_disk: Path, project: Project, template: list[str], code: str) -> None:
    (project.folder / "t.csv").write_text(GOOD * 50)
    fill(small_disk / "ballast", 8)
    project.process("new", str(small_disk / "made"), *template).error(code, 1)
    assert [path.name for path in small_disk.iterdir()] == ["ballast"]


@bound_by_modes
def test_new_where_nothing_may_be_written(project: Project) -> None:
    project.folder.chmod(0o555)
    project.process("new", "made", before=UNPRIVILEGED).error("LW407", 1)
