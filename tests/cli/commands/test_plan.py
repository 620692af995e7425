"""`loopwright plan`."""

import json
from typing import Any

Command = Any


def test_before_the_first_run_everything_lands_and_runs(bare: Command) -> None:
    shown = bare.text("plan")
    assert "land   table: data/first.csv" in shown
    assert "train" in shown
    assert shown.endswith("Next: loopwright run\n")


def test_after_a_run_there_is_nothing_to_do(cli: Command) -> None:
    assert cli.text("plan").endswith("Nothing to do.\n")
    assert cli.json("plan")["waiting"] == {}


def test_a_new_file_is_named_and_makes_the_steps_run_that_read_it(cli: Command) -> None:
    cli.data(id=[900], x=[1.0], n=[1], y=[True])
    shown = cli.text("plan")
    assert "land   table: data/more.csv" in shown
    assert shown.endswith("Next: loopwright run\n")
    assert cli.json("plan")["waiting"]["table"]["files"] == ["data/more.csv"]
    assert cli.text("plan") == shown, "a plan lands nothing"
    assert "train" in cli.json("run")["ran"]


def test_a_parameter_that_changes_a_step_is_its_reason(cli: Command) -> None:
    assert "depth" in json.dumps(cli.json("plan", "--set", "depth=5"))
    assert cli.text("plan", "--set", "depth=3").endswith("Nothing to do.\n")


def test_a_parameter_that_there_is_not_is_a_user_error(cli: Command) -> None:
    assert "leaves" in json.dumps(cli.error("plan", "--set", "leaves=5"))
    cli.error("plan", "--set", "depth")


def test_a_loop_file_that_cannot_be_read_makes_no_home(bare: Command) -> None:
    (bare.folder / "loop.py").write_text("loop = (")
    bare.error("plan")
    assert not bare.home.exists()
