import csv
import io
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from loopwright.data.reading import read_file
from loopwright.errors import SourceError

Write = Callable[[str, str | pl.DataFrame], Path]


def test_a_csv_file_becomes_typed_columns_that_know_their_lines(write: Write) -> None:
    rows = read_file(write("a.csv", 'n,t\n1,"x\ny"\n2.5,z\n'), name="a.csv")
    assert rows.frame.to_dict(as_series=False) == {"n": [1.0, 2.5], "t": ["x\ny", "z"]}
    assert [rows.place(0), rows.place(1)] == ["a.csv:2", "a.csv:4"]


def test_a_parquet_file_keeps_its_types_and_tells_rows(write: Write) -> None:
    frame = pl.DataFrame({"n": [1, 2], "c": ["a", "b"]}, schema_overrides={"n": pl.Int16, "c": pl.Categorical})
    rows = read_file(write("a.parquet", frame), name="a.parquet")
    assert rows.frame.schema == {"n": pl.Int16, "c": pl.String}
    assert rows.place(1) == "a.parquet row 2"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "", "a.csv is empty"),
        ("a.csv", "x,y\n", "header but no rows"),
        ("a.parquet", "", "is empty"),
        ("a.parquet", "x,y\n1,2\n", "not a Parquet file"),
        ("a.parquet", pl.DataFrame({"x": []}), "no rows"),
        ("a.csv", "x,y\n1,2\n1\n", "a.csv, line 3"),
    ],
)
def test_a_file_that_is_not_what_it_claims_is_refused_by_name(
    write: Write, name: str, content: str | pl.DataFrame, said: str
) -> None:
    with pytest.raises(SourceError, match=said):
        read_file(write(name, content), name=name)


def test_a_file_that_is_gone_is_a_source_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"gone\.csv cannot be read"):
        read_file(tmp_path / "gone.csv", name="gone.csv")


def test_hostile_headers_and_values_come_through_unchanged(write: Write) -> None:
    names = ["it's", 'say "hi"', "two\nlines", "__import__('os')", "naïve ☃", "", "a,b"]
    values = ["=cmd()", "'; DROP TABLE", '"', "\n", "é", "x", ","]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([names, values])
    frame = read_file(write("a.csv", text.getvalue())).frame
    assert frame.columns == names
    assert list(frame.row(0)) == values


def test_real_tables_are_read_without_losing_a_row(tmp_path: Path) -> None:
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine

    for load in (load_iris, load_wine, load_breast_cancer, load_diabetes):
        table = load(as_frame=True).frame
        table.to_csv(tmp_path / "t.csv", index=False)
        frame = read_file(tmp_path / "t.csv").frame
        assert frame.shape == table.shape
        assert all(dtype.is_numeric() for dtype in frame.dtypes)
        assert abs(frame[:, 0].sum() - table.iloc[:, 0].sum()) < 1e-6
