import os
import subprocess
import sys
from pathlib import Path

import pytest

from loopwright.core.hashing import digest_file
from loopwright.pipelines.snapshot import Watch, check_snapshot, load_snapshot, save_snapshot

SECOND = 1_000_000


class Fixed:
    """The machine's clock, standing."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError


class Case:
    """A project with two sources and a data file, asked again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder / "project", folder / "home"
        for name, text in (("loop.py", "A = 1"), ("helper.py", "B = 1"), ("data/a.csv", "x\n1\n")):
            self.write(name, text)
        self.variables = {"REGION": "eu", "OTHER": "1"}
        self.facts = {"champion": "abc"}

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def later(self, seconds: int) -> Fixed:
        """The clock, `seconds` after the youngest file."""
        youngest = max(p.stat().st_ctime_ns for p in self.folder.rglob("*"))
        return Fixed(youngest // 1000 + seconds * SECOND)

    def save(self, seconds: int = 10, **more) -> bool:
        sources = {str(self.folder / n): digest_file(self.folder / n) for n in ("loop.py", "helper.py")}
        given = {"globs": (str(self.folder / "data/*.csv"),), "variables": ("REGION",), "facts": self.facts} | more
        return save_snapshot(
            self.home, "fit", watch=Watch(**({"sources": sources} | given)), answer={"steps": 5},
            variables=self.variables, clock=self.later(seconds),
        )  # fmt: skip

    def check(self, seconds: int = 10):
        return check_snapshot(
            self.home, "fit", facts=self.facts, variables=self.variables, clock=self.later(seconds)
        )  # fmt: skip


@pytest.fixture
def case(tmp_path):
    return Case(tmp_path)


def test_with_nothing_changed_it_gives_its_answer(case):
    assert case.save()
    assert case.check().answer == {"steps": 5}
    assert case.check().holds


def test_without_one_there_is_no_answer(case):
    assert case.check().changed == ("there is no snapshot",)


CHANGES = {
    "a source": (lambda c: c.write("helper.py", "B = 2"), "helper.py"),
    "a data file": (lambda c: c.write("data/a.csv", "x\n2\n"), "a.csv"),
    "a new data file": (lambda c: c.write("data/b.csv", "x\n2\n"), "*.csv"),
    "a file less": (lambda c: (c.folder / "helper.py").unlink(), ""),
    "a module that could hide another": (lambda c: c.write("numpy.py", ""), "project"),
    "a declared variable": (lambda c: c.variables.update(REGION="us"), "$REGION"),
    "a declared variable unset": (lambda c: c.variables.pop("REGION"), "$REGION"),
    "the search path": (lambda c: c.variables.update(PYTHONPATH="/x"), "$PYTHONPATH"),
    "a fact": (lambda c: c.facts.update(champion="def"), "champion"),
    "a fact more": (lambda c: c.facts.update(new="1"), "new"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_change_is_named_and_there_is_no_answer(case, what):
    case.save()
    change, named = CHANGES[what]
    change(case)
    checked = case.check()
    assert not checked.holds
    assert checked.answer is None
    assert any(name.endswith(named) for name in checked.changed)


def test_variables_that_are_not_declared_do_not_count(case):
    case.save()
    case.variables["OTHER"] = "2"
    assert case.check().holds


def test_an_edit_that_keeps_size_and_modification_time_is_seen(case):
    case.save()
    path = case.folder / "helper.py"
    before = path.stat()
    path.write_text("B = 2")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert not case.check().holds


def test_a_file_younger_than_two_seconds_is_compared_by_content(case, monkeypatch):
    """Within the grain of a file system's clock a second edit may leave every figure of `stat` as it was."""
    case.save(seconds=1)
    path = str(case.folder / "helper.py")
    stat = os.stat(path)
    Path(path).write_text("B = 2")
    real = os.stat
    monkeypatch.setattr(os, "stat", lambda p, **k: stat if str(p) == path else real(p, **k))
    assert not case.check().holds


def test_a_settled_file_is_not_read_again(case):
    case.save(seconds=3)
    path = case.folder / "data/a.csv"
    (known,) = [f for f in load_snapshot(case.home, "fit").files if f.path == str(path)]
    assert known.settled
    path.chmod(0)
    os.utime(path, ns=(known.stat[1], known.stat[1]))
    # chmod changes ctime, so the file is looked at; for root that still works, and its content is the same.
    assert case.check().holds or os.getuid() != 0


def test_a_touched_file_is_read_once_and_then_known_by_its_new_time(case):
    case.save()
    path = case.folder / "loop.py"
    os.utime(path)
    assert case.check().holds
    (known,) = [f for f in load_snapshot(case.home, "fit").files if f.path == str(path)]
    assert known.stat[1] == path.stat().st_mtime_ns
    assert known.settled


def test_it_is_not_kept_where_a_source_is_not_as_the_plan_read_it(case):
    assert not case.save(sources={str(case.folder / "loop.py"): "0" * 64})
    assert load_snapshot(case.home, "fit") is None


@pytest.mark.parametrize("text", ["", "{", '{"format": 99}', "[]", "\xff"])
def test_a_snapshot_that_cannot_be_read_is_none(case, text):
    case.save()
    (path,) = (case.home / "run" / "plans").iterdir()
    path.write_text(text, encoding="latin-1")
    assert load_snapshot(case.home, "fit") is None
    assert not case.check().holds


def test_another_key_has_no_answer(case):
    case.save()
    assert load_snapshot(case.home, "other") is None


def test_it_imports_nothing_heavy():
    code = "import sys, loopwright.pipelines.snapshot; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {
        "polars",
        "numpy",
        "sklearn",
        "pandera",
        "asyncio",
        "sqlite3",
        "typer",
        "rich",
        "loopwright.pipelines.reach",
    }
    assert heavy & set(loaded) == set()
