"""Through the command, whose first question this is: an answer from the snapshot has the number of the last run."""

import json
from typing import Any

import polars as pl
import pytest

from loopwright.cli.main import main
from loopwright.observations.labels import LabelRow, append_labels

Project = Any


class Command:
    """`loopwright run --json` in this process."""

    def __init__(self, project: Project, capsys: pytest.CaptureFixture[str]) -> None:
        self._project = project
        self._capsys = capsys

    def __call__(self, *arguments: str) -> dict[str, Any]:
        self._capsys.readouterr()
        assert main(["run", "--json", "--project", str(self._project.folder), *arguments]) == 0
        return dict(json.loads(self._capsys.readouterr().out))


@pytest.fixture
def run(project: Project, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(project, capsys)


def test_where_nothing_has_changed_the_last_run_answers(run: Command) -> None:
    done = run()
    again = run()
    assert (again["run"], again["results"], again["ran"]) == (done["run"], done["results"], [])
    assert set(again["reused"]) == {*done["ran"], *done["reused"]}
    assert again["judged"]["status"] == "unchanged"


def test_a_comment_runs_no_step(project: Project, run: Command) -> None:
    run()
    project.change("def leaves", "# A remark.\n\n\ndef leaves")
    assert run()["ran"] == []


def change_helper(project: Project) -> None:
    project.change("return 5", "return 6")


def change_data(project: Project) -> None:
    project.data(pl.DataFrame({"id": [9000], "x": [1.0], "n": [1], "y": [True]}))


def change_a_file_in_place(project: Project) -> None:
    path = project.folder / "data" / "first.csv"
    path.write_text(path.read_text().replace("true", "false", 1))


def move_a_ref(project: Project) -> None:
    project.workspace().stores.ledger.commit(moves={"default/model/small@pinned": "0" * 64})


def add_a_label(project: Project) -> None:
    row = LabelRow(endpoint="small", value=True, event_time=1, at=1, source="feedback", key="1")
    append_labels(project.workspace().stores.tables, [row])


@pytest.mark.parametrize("change", [change_helper, change_data, change_a_file_in_place, move_a_ref, add_a_label])
def test_where_something_has_changed_the_loop_is_looked_at(project: Project, run: Command, change: Any) -> None:
    done = run()
    change(project)
    assert run()["run"] != done["run"]


def test_other_parameters_are_another_question(run: Command) -> None:
    done = run()
    assert run("--set", "depth=3")["run"] != done["run"]
