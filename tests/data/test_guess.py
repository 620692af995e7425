import csv
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pandera.polars as pa
import polars as pl
import pytest

from loopwright.data.contract import check
from loopwright.data.guess import Guess, guess
from loopwright.data.reading import read_file
from loopwright.errors import (
    ContractError,
    DuplicateKeyError,
    LoopwrightError,
    MissingColumnError,
    SourceError,
    TargetError,
)

Write = Callable[[str, str | pl.DataFrame], Path]
RNG = np.random.default_rng(11)
N = 200


def table(**columns: object) -> pl.DataFrame:
    base = {"x": RNG.normal(size=N), "n": RNG.integers(0, 9, N), "y": RNG.random(N) < 0.4}
    return pl.DataFrame(base | columns)


@pytest.mark.parametrize(
    ("target", "task", "classes"),
    [
        (RNG.random(N) < 0.4, "binary", (False, True)),
        (RNG.integers(0, 2, N), "binary", (0, 1)),
        (np.array(["no", "yes"])[RNG.integers(0, 2, N)], "binary", ("no", "yes")),
        (RNG.integers(1, 6, N), "multiclass", (1, 2, 3, 4, 5)),
        (RNG.integers(0, 3, N).astype(float), "multiclass", (0.0, 1.0, 2.0)),
        (np.array(["a", "b", "c"])[RNG.integers(0, 3, N)], "multiclass", ("a", "b", "c")),
        (RNG.normal(size=N), "regression", ()),
        (RNG.integers(0, 2, N) + 0.5, "regression", ()),
        (RNG.integers(0, 10_000, N), "regression", ()),
    ],
)
def test_the_task_comes_from_the_target(write: Write, target: object, task: str, classes: tuple[object, ...]) -> None:
    found = guess(write("t.parquet", table(y=target)), "y")
    assert (found.task, found.classes) == (task, classes)


@pytest.mark.parametrize(
    ("name", "task", "features"),
    [
        ("iris", "multiclass", 4),
        ("wine", "multiclass", 13),
        ("breast_cancer", "binary", 30),
        ("diabetes", "regression", 10),
    ],
)
def test_real_tables_are_understood(tmp_path: Path, name: str, task: str, features: int) -> None:
    import sklearn.datasets

    path = tmp_path / f"{name}.csv"
    getattr(sklearn.datasets, f"load_{name}")(as_frame=True).frame.to_csv(path, index=False)
    found = guess(path, "target")
    assert (found.task, len(found.features), found.split, found.leaks) == (task, features, "random", ())
    assert check(read_file(path).frame, build(found)) == ()


def build(found: Guess) -> type[pa.DataFrameModel]:
    scope: dict[str, object] = {"pa": pa, "pl": pl}
    exec(found.contract, scope)
    model = scope["Row"]
    assert isinstance(model, type)
    return model


def test_what_cannot_help_is_left_out_with_its_reason(write: Write) -> None:
    frame = table(
        customer_id=[f"c{i}" for i in range(N)],
        row=range(1000, 1000 + N),
        order_id=RNG.permutation(10**6)[:N],
        note=[f"this is note {i} about {i * 7} a thing that was said" for i in range(N)],
        same=["x"] * N,
        empty=[None] * N,
        born_on=pl.date_range(pl.date(1970, 1, 1), pl.date(1970, 1, 1) + pl.duration(days=N - 1), eager=True),
        colour=np.array(["red", "blue"])[RNG.integers(0, 2, N)],
        pairs=[[1, 2]] * (N - 1) + [[1]],
        half=[1] * 100 + [None] * 100,
    )
    found = guess(write("t.parquet", frame), "y")
    reasons = {column.name: column.reason for column in found.left_out}
    assert set(reasons) == {"customer_id", "row", "order_id", "note", "same", "empty", "born_on", "pairs"}
    assert "id" in reasons["customer_id"]
    assert "text" in reasons["note"]
    assert "same value" in reasons["same"]
    assert found.features == ("x", "n", "colour", "half")


def test_more_levels_than_a_tree_can_take_are_left_out(write: Write) -> None:
    frame = pl.DataFrame(
        {"y": RNG.random(3000) < 0.5, "x": RNG.normal(size=3000), "code": [f"k{i % 300}" for i in range(3000)]}
    )
    assert "300 levels" in guess(write("t.parquet", frame), "y").left_out[0].reason


def test_a_leak_is_reported_and_kept(write: Write) -> None:
    y = RNG.random(N) < 0.4
    found = guess(write("t.parquet", table(y=y, delay=np.where(y, 30, 0) + RNG.normal(size=N))), "y")
    assert [leak.column for leak in found.leaks] == ["delay"]
    assert "delay" in found.features


def test_a_time_column_makes_the_split_go_by_time(write: Write) -> None:
    at = pl.datetime_range(
        pl.datetime(2013, 1, 1), pl.datetime(2013, 1, 1) + pl.duration(hours=N - 1), "1h", eager=True
    )
    path = write("t.parquet", table(sold_at=at, birth_date=at))
    found = guess(path, "y")
    assert (found.event_time, found.split) == ("sold_at", "time")
    assert "sold_at" in found.notes[0]
    named = guess(path, "y", time="birth_date")
    assert (named.event_time, named.notes) == ("birth_date", ())
    assert guess(write("u.parquet", table()), "y").split == "random"


def test_rows_without_a_target_are_counted_and_allowed(write: Write) -> None:
    frame = table().with_columns(pl.when(pl.int_range(pl.len()) < 20).then(None).otherwise("y").alias("y"))
    found = guess(write("t.parquet", frame), "y", key=None)
    assert (found.rows, found.unlabelled) == (N - 20, 20)
    assert check(frame, build(found)) == ()


@pytest.mark.parametrize(
    ("content", "arguments", "error", "said"),
    [
        ("x,y\n1,1\n2,1\n", {}, TargetError, "same value in all 2 rows"),
        ("x,y\n1,\n2,\n", {}, TargetError, "no value"),
        ("x,why\n1,1\n2,0\n", {}, MissingColumnError, "no column 'y'"),
        ("x,y\n1,0\n2,1\n", {"key": "id"}, MissingColumnError, "no column 'id'"),
        ("x,y\n1,0\n1,1\n", {"key": "x"}, DuplicateKeyError, "not unique"),
        ("x,y\n1,0\n,1\n", {"key": "x"}, ContractError, "null in 1 rows"),
        ("x,y\n1,0\n2,1\n", {"time": "x"}, ContractError, "not a time"),
        ("", {}, SourceError, "empty"),
        ("x,y\n", {}, SourceError, "no rows"),
        ("x,y\n1,a\n2,b\n3,c\n4,d\n", {}, TargetError, "4 different texts"),
        ("x,y\n1,2013-01-01\n2,2013-01-02\n", {}, TargetError, "Date"),
        ("x,y\n1,0\n1,1\n", {}, TargetError, "no column is left"),
    ],
)
def test_a_table_that_cannot_be_learned_says_why(
    write: Write, content: str, arguments: dict[str, str], error: type[LoopwrightError], said: str
) -> None:
    with pytest.raises(error, match=said):
        guess(write("t.csv", content), "y", **arguments)


@pytest.mark.parametrize(("target", "key"), [("y", "odd"), ("odd", None)])
def test_a_type_that_no_contract_can_say_is_neither_key_nor_target(write: Write, target: str, key: str | None) -> None:
    odd = [timedelta(seconds=i) for i in range(N)]
    with pytest.raises(LoopwrightError, match="'odd' is Duration"):
        guess(write("t.parquet", table(odd=odd)), target, key=key)


def test_a_near_name_is_suggested(write: Write) -> None:
    with pytest.raises(MissingColumnError) as error:
        guess(write("t.csv", "x,Target\n1,0\n2,1\n"), "target")
    assert error.value.fix == "Did you mean 'Target'?"


def test_hostile_headers_go_through_to_the_contract_as_literals(tmp_path: Path) -> None:
    names = [
        "it's",
        'say "hi"',
        "two\nlines",
        "__import__('os')",
        "naïve ☃",
        "",
        "a,b",
        "class",
        "{{x}}",
        "<b>",
        "y'); DROP",
    ]
    path = tmp_path / "it's; rm -rf $(x).csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([names, *(RNG.integers(0, 5, (60, len(names))).tolist())])
    found = guess(path, "y'); DROP")
    assert set(found.features) == set(names) - {"y'); DROP", ""}
    assert [(column.name, column.reason) for column in found.left_out] == [("", "it has no name")]
    assert found.dataset == "it-s-rm-rf-x"
    assert set(build(found).to_schema().columns) == set(names) - {""}
    assert check(read_file(path).frame, build(found)) == ()


def test_a_small_class_is_noted(write: Write) -> None:
    y = np.zeros(N, dtype=int)
    y[:3] = 1
    assert "rarest class has only 3 rows" in guess(write("t.parquet", table(y=y)), "y").notes[0]
