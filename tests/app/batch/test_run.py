"""A table is scored once a row, whatever its format, however often it is killed and begun again."""

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.app.conftest import Project, rows

from loopwright.app.batch.asked import Asked, BatchResult
from loopwright.app.batch.run import score_batch
from loopwright.app.batch.sink import FolderSink
from loopwright.app.run import run_loop
from loopwright.app.trace import trace
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.errors import ConflictError, MissingColumnError, NotFoundError, SourceError, UsageError
from loopwright.serving.door import Door
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

WRITERS: dict[str, Callable[[pl.DataFrame, Path], Any]] = {
    ".parquet": lambda frame, path: frame.write_parquet(path, row_group_size=700),
    ".csv": lambda frame, path: frame.write_csv(path),
    ".ndjson": lambda frame, path: frame.write_ndjson(path),
    ".arrow": lambda frame, path: frame.write_ipc(path),
}
READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".parquet": pl.read_parquet,
    ".csv": pl.read_csv,
    ".ndjson": pl.read_ndjson,
    ".arrow": pl.read_ipc,
}


def scored(workspace: Workspace, folder: Path, given: str, output: str, **asked: Any) -> BatchResult:
    wished = Asked(input=given, output=output, **({"part_rows": 1000} | asked))
    return score_batch(workspace, wished, base=folder)


def served(workspace: Workspace, frame: pl.DataFrame) -> np.ndarray:
    """What the champion answers to the same rows as requests."""
    version = champion_of(workspace, "small")
    assert version is not None
    model = Model.load(bundle_folder(workspace.stores.blobs, version, workspace.home / "run"))
    door = Door(model.signature)
    names = [column.name for column in model.signature.request]
    checked = [door.check(row).values for row in frame.select(names).to_dicts()]
    return model.scores(door.columns(checked, [{}] * len(checked)))["score"]


@pytest.mark.parametrize(("suffix", "out"), [*zip(WRITERS, [*list(WRITERS)[1:], ".parquet"], strict=True)])
def test_every_format_in_and_out_gives_what_serving_answers(project: Project, suffix: str, out: str) -> None:
    workspace, frame = project.workspace(), rows(2_345)
    WRITERS[suffix](frame, project.folder / f"in{suffix}")

    done = scored(workspace, project.folder, f"in{suffix}", f"out{out}")

    found = READERS[out](project.folder / f"out{out}")
    assert (done.rows, done.scored, done.refused, done.parts) == (2_345, 2_345, 0, 3)
    assert found.columns == ["id", "prediction", "score", "model_version"]
    assert found["id"].to_list() == [*range(2_345)]
    np.testing.assert_array_equal(found["score"].to_numpy(), served(workspace, frame))
    assert found["prediction"].to_list() == (found["score"] >= 0.5).to_list()
    assert set(found["model_version"]) == {champion_of(workspace, "small")}


def test_a_folder_of_files_becomes_a_folder_of_parts_and_kept_columns_stay(project: Project) -> None:
    workspace = project.workspace()
    (project.folder / "in").mkdir()
    for number in range(3):
        rows(1_500, first=number * 1_500).with_columns(note=pl.lit(f"n{number}")).write_parquet(
            project.folder / "in" / f"{number}.parquet"
        )

    done = scored(workspace, project.folder, "in/*.parquet", "out/", keep=("id", "note", "x"))

    found = pl.read_parquet(project.folder / "out" / "*.parquet")
    assert (done.parts, done.scored, done.output) == (6, 4_500, f"{project.folder}/out/")
    assert found["id"].to_list() == [*range(4_500)]
    assert found["note"].unique().sort().to_list() == ["n0", "n1", "n2"]
    assert found.columns == ["id", "note", "x", "prediction", "score", "model_version"]


def test_rows_outside_the_contract_are_refused_once_each_with_field_and_rule(project: Project) -> None:
    workspace, frame = project.workspace(), rows(2_000)
    bad = [7, 1_500, 1_999]
    frame = frame.with_columns(pl.when(pl.col("id").is_in(bad)).then(float("inf")).otherwise("x").alias("x"))
    frame.write_parquet(project.folder / "in.parquet")

    done = scored(workspace, project.folder, "in.parquet", "out.parquet")

    found = pl.read_parquet(project.folder / "out.parquet")
    refused = pl.read_parquet(project.folder / "out.rejects.parquet")
    assert (done.rows, done.scored, done.refused) == (2_000, 1_997, 3)
    assert sorted([*found["id"], *map(int, refused["id"])]) == [*range(2_000)]
    assert refused.select("row", "field", "rule").rows() == [(b + 1, "x", "type") for b in bad]
    assert done.rejects == str(project.folder / "out.rejects.parquet")


def test_flagged_rows_are_scored_and_say_why(bare: Project) -> None:
    project = bare
    project.change('key="id")', 'key="id", contract=Row)')
    project.change("table = lw", "class Row(pa.DataFrameModel):\n    x: float = pa.Field(ge=-9, le=9)\n\n\ntable = lw")
    project.change("import loopwright as lw\n", "import loopwright as lw\nimport pandera.polars as pa\n")
    workspace = project.workspace()
    run_loop(workspace, project.loaded())
    frame = rows(1_000).with_columns(x=pl.when(pl.col("id") == 3).then(pl.lit(10.5)).otherwise("x"))
    frame.write_parquet(project.folder / "in.parquet")

    done = scored(workspace, project.folder, "in.parquet", "out.ndjson", policy="flag")
    strict = scored(workspace, project.folder, "in.parquet", "strict.ndjson")

    found = pl.read_ndjson(project.folder / "out.ndjson", infer_schema_length=None)
    assert (done.scored, done.flagged, done.refused) == (1_000, 1, 0)
    assert found.filter(pl.col("flags").is_not_null()).select("id", "flags").rows() == [(3, "x:maximum")]
    assert (strict.scored, strict.refused) == (999, 1)


def test_without_a_key_a_row_says_where_it_stood(project: Project) -> None:
    workspace = project.workspace()
    rows(1_100).drop("id").write_parquet(project.folder / "in.parquet")

    scored(workspace, project.folder, "in.parquet", "out.parquet")

    found = pl.read_parquet(project.folder / "out.parquet")
    assert found["row"].to_list() == [*range(1, 1_101)]
    assert set(found["source"]) == {str(project.folder / "in.parquet")}


class _KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("out", ["out/", "out.parquet"])
@pytest.mark.parametrize("when", [0, 1, 3])
@pytest.mark.parametrize("moment", ["before the part's file", "before the part is noted"])
def test_a_batch_that_ended_at_any_moment_goes_on_and_has_each_row_once(
    project: Project, monkeypatch: pytest.MonkeyPatch, out: str, when: int, moment: str
) -> None:
    workspace = project.workspace()
    rows(5_500).write_parquet(project.folder / "in.parquet")
    calls = itertools.count()
    write = FolderSink.write

    def interrupted(self: FolderSink, part: Any, answers: pl.DataFrame, rejects: pl.DataFrame) -> None:
        if next(calls) == when:
            if moment == "before the part is noted":
                log, self._log = self._log, type("NoLog", (), {"add": lambda *_: None})()
                write(self, part, answers, rejects)
                self._log = log
            raise _KilledError
        write(self, part, answers, rejects)

    monkeypatch.setattr(FolderSink, "write", interrupted)
    with pytest.raises(_KilledError):
        scored(workspace, project.folder, "in.parquet", out)

    done = scored(workspace, project.folder, "in.parquet", out)

    found = pl.read_parquet(project.folder / out if "." in out else project.folder / out / "*.parquet")
    assert (done.resumed, done.parts, done.again) == (when, 6, False)
    assert found["id"].to_list() == [*range(5_500)]


def test_a_finished_batch_is_not_done_again_unless_wished(project: Project) -> None:
    workspace = project.workspace()
    rows(1_200).write_parquet(project.folder / "in.parquet")
    first = scored(workspace, project.folder, "in.parquet", "out/")
    stamp = {path.name: path.stat().st_mtime_ns for path in (project.folder / "out").iterdir()}

    again = scored(workspace, project.folder, "in.parquet", "out/")

    assert again.again
    assert again.id == first.id
    assert {path.name: path.stat().st_mtime_ns for path in (project.folder / "out").iterdir()} == stamp

    anew = scored(workspace, project.folder, "in.parquet", "out/", overwrite=True)

    assert (anew.again, anew.resumed, anew.scored) == (False, 0, 1_200)
    assert anew.id != first.id
    assert pl.read_parquet(project.folder / "out" / "*.parquet")["id"].to_list() == [*range(1_200)]


def test_what_somebody_else_wrote_is_not_lost(project: Project) -> None:
    workspace = project.workspace()
    rows(1_200).write_parquet(project.folder / "in.parquet")
    (project.folder / "out.csv").write_text("mine")
    scored(workspace, project.folder, "in.parquet", "out/")
    rows(1_300).write_parquet(project.folder / "in.parquet")

    for out in ("out.csv", "out/"):
        with pytest.raises(UsageError, match="holds something already"):
            scored(workspace, project.folder, "in.parquet", out)
    assert (project.folder / "out.csv").read_text() == "mine"

    done = scored(workspace, project.folder, "in.parquet", "out/", overwrite=True)

    assert done.scored == pl.read_parquet(project.folder / "out" / "*.parquet").height == 1_300


def test_an_input_that_changes_meanwhile_is_noticed(project: Project) -> None:
    workspace = project.workspace()
    rows(2_200).write_parquet(project.folder / "in.parquet")

    def change(done: int, whole: int) -> None:
        if done == 1_000:
            rows(2_200, first=5).write_parquet(project.folder / "in.parquet")

    asked = Asked(input="in.parquet", output="out.parquet", part_rows=1_000)
    with pytest.raises(SourceError, match="changed while it was scored"):
        score_batch(workspace, asked, base=project.folder, on_rows=change)
    assert not (project.folder / "out.parquet").exists()


def test_the_journal_says_which_version_made_a_file(project: Project) -> None:
    workspace = project.workspace()
    rows(1_000).write_parquet(project.folder / "in.parquet")

    done = scored(workspace, project.folder, "in.parquet", "out.parquet", model="small@champion")

    told = trace(workspace, f"file:{project.folder}/out.parquet")
    kinds = [link.event.kind for link in told.links]
    assert kinds[-1] == "batch_scored"
    assert "version_registered" in kinds
    data = told.links[-1].event.data
    assert (data["version"], data["rows"], data["inputs"]) == (champion_of(workspace, "small"), 1_000, done.inputs)
    assert trace(workspace, f"batch:{done.id}").links[-1].event.seq == told.links[-1].event.seq


def test_what_does_not_fit_is_refused_before_anything_is_written(project: Project) -> None:
    workspace = project.workspace()
    rows(1_000).write_parquet(project.folder / "in.parquet")
    rows(1_000).drop("x").write_parquet(project.folder / "narrow.parquet")
    rows(0).write_parquet(project.folder / "empty.parquet")
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (MissingColumnError, {"given": "narrow.parquet"}),
        (SourceError, {"given": "empty.parquet"}),
        (SourceError, {"given": "none*.parquet"}),
        (SourceError, {"given": "loop.py"}),
        (MissingColumnError, {"keep": ("nothing",)}),
        (UsageError, {"query": "SELECT 1"}),
        (UsageError, {"table": "t"}),
        (UsageError, {"part_rows": 1}),
        (NotFoundError, {"model": "small@nobody"}),
    ]
    for kind, asked in wrong:
        with pytest.raises(kind):
            scored(workspace, project.folder, **({"given": "in.parquet", "output": "out/"} | asked))
    assert not (project.folder / "out").exists()


def test_two_processes_do_not_work_on_one_batch(project: Project) -> None:
    workspace = project.workspace()
    rows(1_000).write_parquet(project.folder / "in.parquet")
    met: list[Exception] = []

    def meanwhile(done: int, whole: int) -> None:
        try:
            scored(workspace, project.folder, "in.parquet", "out.parquet")
        except ConflictError as error:
            met.append(error)

    asked = Asked(input="in.parquet", output="out.parquet", part_rows=1_000)
    score_batch(workspace, asked, base=project.folder, on_rows=meanwhile)

    assert met


def test_versions_are_named_in_several_ways(project: Project) -> None:
    workspace = project.workspace()
    rows(1_000).write_parquet(project.folder / "in.parquet")
    version = champion_of(workspace, "small") or ""

    found = {
        name: scored(workspace, project.folder, "in.parquet", f"{number}/", model=name).version
        for number, name in enumerate(["", "small", "small@champion", "small@latest", f"small@{version[:8]}"])
    }

    assert set(found.values()) == {version}


def test_a_csv_cell_that_is_no_number_costs_its_own_row_only(project: Project) -> None:
    workspace = project.workspace()
    rows(1_000).write_csv(project.folder / "in.csv")
    text = (project.folder / "in.csv").read_text().splitlines()
    text[11] = "10,much,3,true"
    (project.folder / "in.csv").write_text("\n".join(text))

    done = scored(workspace, project.folder, "in.csv", "out.csv")

    refused = pl.read_csv(project.folder / "out.rejects.csv")
    assert (done.scored, done.refused) == (999, 1)
    assert refused.select("row", "field", "rule").rows() == [(11, "x", "type")]


def test_ndjson_that_is_no_json_costs_its_own_line_only(project: Project) -> None:
    workspace = project.workspace()
    lines = [json.dumps({"id": i, "x": 0.5, "n": 1, "more": {"a": 1}}) for i in range(1_000)]
    lines[4], lines[5] = "{nope", '{"id": 5, "x": "a", "n": 1}'
    (project.folder / "in.ndjson").write_text("\n".join(lines))

    done = scored(workspace, project.folder, "in.ndjson", "out.parquet")

    refused = pl.read_parquet(project.folder / "out.rejects.parquet")
    assert (done.scored, done.refused) == (998, 2)
    assert refused.select("row", "rule").rows() == [(5, "record"), (6, "type")]
