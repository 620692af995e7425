"""Files found, counted and given out in frames."""

import os
from pathlib import Path

import polars as pl
import pytest

from loopwright.app.batch.files import (
    columns_of,
    decoded_lines,
    digest_of_inputs,
    format_of,
    frames_of,
    input_files,
    is_remote,
    unchanged,
)
from loopwright.errors import SourceError

FRAME = pl.DataFrame({"a": range(2_500), "b": [f"t{i}" for i in range(2_500)]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    FRAME.write_parquet(tmp_path / "1.parquet", row_group_size=300)
    FRAME.write_csv(tmp_path / "2.csv", separator=";")
    FRAME.write_ndjson(tmp_path / "3.ndjson")
    FRAME.write_ipc(tmp_path / "4.arrow")
    (tmp_path / "_SUCCESS.csv").write_text("no data")
    (tmp_path / "notes.txt").write_text("no data")
    return tmp_path


def test_a_folder_means_its_data_files(folder: Path) -> None:
    found = input_files(str(folder), folder)

    assert [(Path(file.path).name, file.format, file.rows) for file in found] == [
        ("1.parquet", "parquet", 2_500),
        ("2.csv", "csv", 2_500),
        ("3.ndjson", "ndjson", 2_500),
        ("4.arrow", "arrow", 2_500),
    ]
    assert [columns_of(file) for file in found] == [("a", "b"), ("a", "b"), None, ("a", "b")]


@pytest.mark.parametrize("start", [0, 1, 300, 999, 2_499])
@pytest.mark.parametrize("number", range(4))
def test_frames_have_as_many_rows_as_asked_wherever_they_start(folder: Path, number: int, start: int) -> None:
    file = input_files(str(folder), folder)[number]

    frames = list(frames_of(file, ["a"], start=start, rows=700))

    assert [frame.height for frame in frames] == [*[700] * ((2_500 - start) // 700), (2_500 - start) % 700]
    if file.format == "ndjson":
        values = [line["a"] for frame in frames for line in decoded_lines(frame.to_series().to_list())]
    else:
        values = [int(value) for frame in frames for value in frame["a"].to_list()]
    assert values == [*range(start, 2_500)]


def test_a_change_is_noticed_and_the_same_content_is_the_same_input(folder: Path, tmp_path: Path) -> None:
    [file] = input_files("1.parquet", folder)
    assert unchanged(file)
    FRAME.head(10).write_parquet(folder / "1.parquet")
    assert not unchanged(file)
    os.remove(folder / "1.parquet")
    assert not unchanged(file)

    FRAME.write_parquet(folder / "other.parquet", row_group_size=300)
    again = input_files("other.parquet", folder)
    assert digest_of_inputs(again) == digest_of_inputs([file])


def test_what_is_no_table_is_said(folder: Path) -> None:
    (folder / "bad.parquet").write_text("no parquet")
    for address in ("bad.parquet", "notes.txt", "none.csv", "x*.csv"):
        with pytest.raises(SourceError):
            input_files(address, folder)


def test_addresses() -> None:
    assert is_remote("s3://a/b")
    assert not is_remote("a/s3")
    assert [format_of(name) for name in ("a.PQ", "s3://a/b.csv", "a.jsonl", "a.feather", "a.xlsx", "a")] == [
        "parquet", "csv", "ndjson", "arrow", None, None
    ]  # fmt: skip
    assert decoded_lines(['{"a": 1}', "{"]) == [{"a": 1}, "{"]
