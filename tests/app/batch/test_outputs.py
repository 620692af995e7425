"""What is at the output already is not lost, and is where it was put."""

from pathlib import Path

import polars as pl
import pytest

from loopwright.app.batch.asked import Asked, BatchPlan, PartDone
from loopwright.app.batch.outputs import clear_output, open_sink, still_there
from loopwright.app.batch.sink import FileSink, FolderSink
from loopwright.app.batch.table_sink import TableSink
from loopwright.errors import UsageError


def plan(output: str, *, table: str | None = None, id_: str = "bat_0123456789") -> BatchPlan:
    return BatchPlan(
        id=id_, asked=Asked(input="in.csv", output=output, table=table), name="m", version="v", as_of="event",
        policy="refuse", keep=(), files=(), inputs="", planned_at=0,
    )  # fmt: skip


def test_the_address_says_which_sink_it_is(tmp_path: Path) -> None:
    for output, kind in ((f"{tmp_path}/a.csv", FileSink), (f"{tmp_path}/a", FolderSink), ("s3://b/a", FolderSink)):
        assert type(open_sink(plan(output), tmp_path)) is kind
    sink = open_sink(plan(f"sqlite:///{tmp_path}/d.db", table="t"), tmp_path)
    assert type(sink) is TableSink
    sink.close()


@pytest.mark.parametrize("name", ["out.csv", "out"])
def test_parts_are_kept_published_and_made_room_for(tmp_path: Path, name: str) -> None:
    made = plan(str(tmp_path / name))
    sink = open_sink(made, tmp_path)
    assert not still_there(made)
    clear_output(made, sink, earlier=None, overwrite=False)
    for index in range(2):
        refused = pl.DataFrame({"row": [index]}) if index else pl.DataFrame()
        sink.write(PartDone(index=index, scored=1, refused=index), pl.DataFrame({"a": [index]}), refused)
    assert [part.index for part in sink.done()] == [0, 1]
    sink.finish()
    sink.finish()

    found = pl.read_csv(tmp_path / name) if "." in name else pl.read_parquet(tmp_path / name / "*.parquet")
    assert found["a"].to_list() == [0, 1]
    assert still_there(made)
    rejects = sink.rejects_at()
    assert rejects is not None
    assert Path(rejects).exists()
    assert (sink.digest() is None) == ("." not in name)

    other = plan(str(tmp_path / name), id_="bat_9876543210")
    with pytest.raises(UsageError, match="holds something already"):
        clear_output(other, open_sink(other, tmp_path), earlier=None, overwrite=False)
    clear_output(other, open_sink(other, tmp_path), earlier=None, overwrite=True)
    if "." not in name:
        assert list((tmp_path / name).iterdir()) == []


def test_a_file_is_no_folder_and_a_folder_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    (tmp_path / "b").write_text("mine")
    for name in ("a.csv", "b"):
        made = plan(str(tmp_path / name))
        with pytest.raises(UsageError, match="in the way"):
            clear_output(made, open_sink(made, tmp_path), earlier=None, overwrite=True)
