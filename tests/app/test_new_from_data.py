"""A loop file made from a stranger's table: safe whatever the header says, sound for the task, all or nothing."""

import ast
import dataclasses
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.app.new_from_data import Split, loop_text, new_from_data
from loopwright.data.guess import guess
from loopwright.errors import ContractError, LoopwrightError, SourceError, UsageError

RNG = np.random.default_rng(5)
N = 120
HOSTILE = [
    "it's", 'say "hi"', "two\nlines", "__import__('os').system('touch /tmp/owned')", "naïve ☃", "a,b", "{{ x }}",
    "{% raw %}", "{# c #}", "class", "rows", "features", "label", "loop", "lw", "pa", "pl", "table", "FEATURES",
    "train", "fit", "Row", "_private", "__class__", "column_1", "None", "#", "'''", '"""', "\\", "\\n", "\r", "\u2028",
    "\x85", "\u202e", " ", "(prediction)", "x: int = 1\n    y", "'); import os #", '"""\nimport os\n"""',
]  # fmt: skip
Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Write a table, make a project from it, and return the project's folder."""

    def go(frame: pl.DataFrame, target: str = "y", *, file: str = "table.parquet", **given: str | None) -> Path:
        path = tmp_path / file
        frame.write_csv(path) if path.suffix == ".csv" else frame.write_parquet(path)
        new_from_data(tmp_path / "made", path, target, **({"key": None, "time": None} | given))
        return tmp_path / "made"

    return go


def table(**columns: object) -> pl.DataFrame:
    return pl.DataFrame({"x": RNG.normal(size=N), "n": RNG.normal(size=N), "y": RNG.random(N) < 0.5} | columns)


def source_of(folder: Path) -> str:
    return (folder / "loop.py").read_text(encoding="utf-8")


class Bare(ast.NodeTransformer):
    """Leaves of a loop file what is not a text: names of a contract's fields and their aliases go too."""

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        return ast.Constant(value="") if isinstance(node.value, str) else node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AnnAssign:
        assert isinstance(node.target, ast.Name)
        node.target.id = "field"
        if isinstance(node.value, ast.Call):
            node.value.keywords = [k for k in node.value.keywords if k.arg != "alias"]
            node.value = node.value if node.value.keywords else None
        return node


def bare(source: str) -> str:
    return ast.dump(Bare().visit(ast.parse(source)))


def made_with(names: list[str], *, key: bool) -> str:
    """The loop file of a table of numbers with these names; the first is the target, the second the key, if any."""
    values = {name: [float((i * (place + 3)) % 7) + 0.5 for i in range(40)] for place, name in enumerate(names)}
    if key:
        values[names[1]] = [float(i) for i in range(40)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.parquet"
        pl.DataFrame(values).write_parquet(path)
        new_from_data(Path(folder) / "made", path, names[0], key=names[1] if key else None, time=None)
        return source_of(Path(folder) / "made")


def benign(count: int) -> list[str]:
    return [f"plain {place}" for place in range(count)]


@pytest.mark.parametrize("key", [True, False])
def test_a_hostile_header_changes_nothing_but_texts_of_the_loop_file(key: bool) -> None:
    assert bare(made_with(HOSTILE, key=key)) == bare(made_with(benign(len(HOSTILE)), key=key))
    assert bare(made_with(HOSTILE[::-1], key=key)) == bare(made_with(benign(len(HOSTILE)), key=key))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12), min_size=3, max_size=5, unique=True
    ),
    st.booleans(),
)
def test_any_header_changes_nothing_but_texts_of_the_loop_file(names: list[str], key: bool) -> None:
    assert bare(made_with(names, key=key)) == bare(made_with(benign(len(names)), key=key))


def test_a_reason_cannot_leave_its_comment(tmp_path: Path) -> None:
    table(code=[f"c{i}" for i in range(N)]).write_parquet(tmp_path / "t.parquet")
    found = guess(tmp_path / "t.parquet", "y")
    columns = tuple(dataclasses.replace(column, reason=column.reason and "a\nimport os") for column in found.columns)
    source = loop_text(
        dataclasses.replace(found, columns=columns), Split(text="fraction=0.2", held=24), loop="l", suffix=".csv"
    )
    assert "import os" in source
    assert "import os" not in ast.unparse(ast.parse(source))


def test_the_file_is_copied_and_read_from_the_copy(make: Make) -> None:
    folder = make(table(), file="My Table (1).CSV".replace("CSV", "csv"))
    assert (folder / "data" / "my-table-1.csv").read_bytes() == (folder.parent / "My Table (1).csv").read_bytes()
    assert 'source="data/*.csv"' in source_of(folder)


def test_what_is_left_out_and_what_may_leak_is_said_in_the_file_and_in_the_notes(tmp_path: Path) -> None:
    y = RNG.random(N) < 0.5
    frame = table(y=y, told=np.where(y, 5.0, 0.0) + RNG.random(N), code=[f"c{i}" for i in range(N)])
    frame.write_parquet(tmp_path / "t.parquet")
    made = new_from_data(tmp_path / "made", tmp_path / "t.parquet", "y", key=None, time=None)
    source = source_of(tmp_path / "made")
    assert '"told",  # CHECK: alone it has an AUC of 1.000' in source
    assert '#   "code": it looks like an id' in source
    assert any("'told' may leak" in note for note in made.notes)
    assert any("'code' is left out" in note for note in made.notes)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (RNG.random(N) < 0.5, ("Classifier", 'task="binary"', 'at_least("roc_auc"')),
        (
            np.array(["a", "b", "c"])[RNG.integers(0, 3, N)],
            ("Classifier", 'task="multiclass"', 'at_least("balanced_accuracy"'),
        ),
        (RNG.normal(size=N), ("Regressor", 'task="regression"', 'at_least("r2", 0.0)')),
    ],
)
def test_the_task_decides_model_and_gate(make: Make, target: object, expected: tuple[str, ...]) -> None:
    source = source_of(make(table(y=target)))
    for part in expected:
        assert part in source


def days(per_day: list[int]) -> list[datetime]:
    return [datetime(2020, 1, 1) + timedelta(days=day) for day, rows in enumerate(per_day) for _ in range(rows)]


def test_rows_with_a_time_are_split_by_it_at_about_a_fifth(make: Make) -> None:
    assert 'rows.split(last="8d")' in source_of(make(table(at=days([3] * 40)), time="at"))


@pytest.mark.parametrize(
    ("at", "y"),
    [
        (days([60, 60]), RNG.random(N) < 0.5),  # the last day is half of all rows
        (days([1] * N), np.arange(N) > 110),  # one class is in the last part only
    ],
)
def test_a_time_that_cannot_split_leaves_it_to_chance(make: Make, at: object, y: object) -> None:
    source = source_of(make(table(at=at, y=y), time="at"))
    assert "rows.split(fraction=0.2)" in source
    assert 'event_time="at"' in source


@pytest.mark.parametrize(
    ("frame", "target", "given", "error"),
    [
        (table(_known_at=RNG.normal(size=N)), "y", {}, ContractError),
        (table(), "z", {}, LoopwrightError),
        (table(y=[True] * N), "y", {}, LoopwrightError),
        (table(), "y", {"key": "nope"}, LoopwrightError),
        (table(), "", {}, UsageError),
    ],
)
def test_a_table_that_cannot_be_used_leaves_nothing_behind(
    tmp_path: Path, frame: pl.DataFrame, target: str, given: dict[str, str], error: type[LoopwrightError]
) -> None:
    frame.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(error):
        new_from_data(tmp_path / "made", tmp_path / "t.parquet", target, **({"key": None, "time": None} | given))
    assert [path.name for path in tmp_path.iterdir()] == ["t.parquet"]


def test_a_spreadsheet_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04")
    with pytest.raises(SourceError) as error:
        new_from_data(tmp_path / "made", tmp_path / "t.xlsx", "y", key=None, time=None)
    assert "CSV" in error.value.fix
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(("name", "loop"), [("Ärger & Co", "rger-co"), ("…", "loop"), ("UPPER_case", "upper-case")])
def test_the_loop_is_named_after_the_folder_as_a_loop_may_be_named(tmp_path: Path, name: str, loop: str) -> None:
    table().write_parquet(tmp_path / "t.parquet")
    new_from_data(tmp_path / name, tmp_path / "t.parquet", "y", key=None, time=None)
    assert f'lw.Loop(\n    "{loop}"' in source_of(tmp_path / name)
