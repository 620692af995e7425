"""Labels that come back."""

from pathlib import Path

import msgspec
import pytest
from tests.app.labelling.conftest import Served

from loopwright.app.labelling import exchange
from loopwright.app.labelling.batch import LabelBatch, find_batch, make_batch
from loopwright.app.labelling.exchange import shown, take_sheet
from loopwright.app.versions import manifest_of
from loopwright.errors import RequestRefusedError
from loopwright.observations.labels import CHOSEN, latest_labels


@pytest.fixture
def batch(served: Served) -> LabelBatch:
    return make_batch(served.workspace, "small", size=4, reasons=("uncertain", "random"))


def sheet(tmp_path: Path, *rows: tuple[str, str]) -> Path:
    path = tmp_path / "sheet.csv"
    path.write_text("request_id,label\n" + "".join(f"{name},{value}\n" for name, value in rows), encoding="utf-8")
    return path


def test_people_see_what_was_asked_and_answered(served: Served, batch: LabelBatch) -> None:
    rows = shown(served.workspace, batch)
    assert [row.request_id for row in rows] == [task.request_id for task in batch.tasks]
    assert set(rows[0].inputs) == {"id", "x", "n"}
    assert rows[0].answer in ("true", "false")


def test_labels_are_kept_by_request_and_key_and_say_how_they_were_chosen(
    served: Served, batch: LabelBatch, tmp_path: Path
) -> None:
    names = [task.request_id for task in batch.tasks]
    done = take_sheet(served.workspace, batch, sheet(tmp_path, (names[0], "TRUE"), (names[1], "false")))
    assert (done.kept, done.unchanged, done.left, done.foreign) == (2, 0, 2, 0)
    labels = latest_labels(served.workspace.stores.tables, "small").sort("request_id")
    assert dict(labels.select("request_id", "value").iter_rows()) == {names[0]: True, names[1]: False}
    assert labels["key"].null_count() == 0
    chosen = {task.request_id: task.reason != "random" for task in batch.tasks}
    for name, source in labels.select("request_id", "source").iter_rows():
        assert source.startswith(CHOSEN) == chosen[name]
    assert find_batch(served.workspace, batch.id).labelled == 2


def test_the_same_sheet_again_changes_nothing_and_a_correction_does(
    served: Served, batch: LabelBatch, tmp_path: Path
) -> None:
    name = batch.tasks[0].request_id
    assert take_sheet(served.workspace, batch, sheet(tmp_path, (name, "true"))).kept == 1
    again = take_sheet(served.workspace, batch, sheet(tmp_path, (name, "true")))
    assert (again.kept, again.unchanged) == (0, 1)
    assert take_sheet(served.workspace, batch, sheet(tmp_path, (name, "false"))).kept == 1
    assert latest_labels(served.workspace.stores.tables, "small")["value"].to_list() == [False]


def test_the_majority_counts_and_a_draw_is_disputed(served: Served, batch: LabelBatch, tmp_path: Path) -> None:
    first, second = (task.request_id for task in batch.tasks[:2])
    rows = [(first, "true"), (first, "false"), (first, "true"), (second, "true"), (second, "false")]
    done = take_sheet(served.workspace, batch, sheet(tmp_path, *rows, ("stranger", "true")))
    assert (done.kept, done.disputed, done.foreign, done.left) == (1, (second,), 1, 3)


def test_a_label_that_cannot_be_refuses_the_whole_sheet(served: Served, batch: LabelBatch, tmp_path: Path) -> None:
    first, second = (task.request_id for task in batch.tasks[:2])
    with pytest.raises(RequestRefusedError, match="perhaps"):
        take_sheet(served.workspace, batch, sheet(tmp_path, (first, "true"), (second, "perhaps")))
    assert latest_labels(served.workspace.stores.tables, "small").height == 0


def test_a_count_that_a_kill_left_behind_catches_up(served: Served, batch: LabelBatch, tmp_path: Path) -> None:
    path = sheet(tmp_path, (batch.tasks[0].request_id, "true"))
    take_sheet(served.workspace, batch, path)
    take_sheet(served.workspace, batch, path)  # `batch` still says that none is labelled, as after a kill
    assert find_batch(served.workspace, batch.id).labelled == 1


def test_times_are_shown_as_people_read_them(
    served: Served, batch: LabelBatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = manifest_of(served.workspace, batch.version)
    timed = [
        msgspec.structs.replace(column, kind="datetime") if column.name == "n" else column
        for column in manifest.signature.request
    ]
    signature = msgspec.structs.replace(manifest.signature, request=tuple(timed))
    monkeypatch.setattr(exchange, "manifest_of", lambda *_: msgspec.structs.replace(manifest, signature=signature))
    assert shown(served.workspace, batch)[0].inputs["n"] == "1970-01-01T00:00:00.000003Z"
