"""`loopwright label`: the way of a batch from the queue to the training data."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.app.labelling.conftest import Served
from tests.cli.commands.conftest import Command

from loopwright.app.workspace import open_workspace


@pytest.fixture
def served(cli: Command) -> Served:
    return Served(SimpleNamespace(workspace=lambda: open_workspace(cli.folder)))


def test_a_batch_goes_out_and_comes_back(cli: Command, served: Served, tmp_path: Path) -> None:
    batch = cli.json("label", "queue", "--size", "6", "--reason", "uncertain")
    assert len(batch["tasks"]) == 6
    out, done = tmp_path / "to-label.csv", tmp_path / "done.csv"
    cli.json("label", "export", batch["id"], str(out))
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    filled = "".join(f"{row['request_id']},{row['answer']}\n" for row in rows)
    done.write_text("request_id,label\n" + filled, encoding="utf-8")
    assert "6 labels kept" in cli.text("label", "import", batch["id"], str(done))
    (listed,) = cli.json("label", "list")
    assert listed["labelled"] == 6
    assert cli.json("label", "land")["rows"] == 6


def test_label_studio_gets_tasks_and_an_interface(cli: Command, served: Served, tmp_path: Path) -> None:
    batch = cli.json("label", "queue", "--size", "3")
    out = tmp_path / "tasks.json"
    files = cli.json("label", "export", batch["id"], str(out), "--format", "label-studio")["files"]
    assert files == [str(out), str(out.with_suffix(".xml"))]
    assert len(json.loads(out.read_text(encoding="utf-8"))) == 3


@pytest.mark.parametrize(
    "words", [["queue", "--reason", "boring"], ["export", "lab_x", "out.csv"], ["import", "lab_x", "none.csv"]]
)
def test_what_cannot_be_is_refused(cli: Command, words: list[str]) -> None:
    cli.error("label", *words)
