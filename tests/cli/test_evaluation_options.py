"""What `loopwright eval run` is told."""

from pathlib import Path

import pytest

from loopwright.cli.evaluation_files import Files, write_files
from loopwright.cli.evaluation_options import RunOptions, wanted_in
from loopwright.errors import UsageError


@pytest.mark.parametrize(("text", "usd"), [("2usd", 2.0), ("0.5 USD", 0.5), ("3", 3.0), ("1.25$", 1.25), (None, None)])
def test_amounts_of_money_are_read(text: str | None, usd: float | None) -> None:
    options = RunOptions(limit_cost=text)
    assert options.manner().limit_usd == usd
    assert options.agreed == (text is not None)


@pytest.mark.parametrize("text", ["-1usd", "2eur", "", "much"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        RunOptions(limit_cost=text).manner()


def test_a_bound_does_not_go_with_a_declared_evaluation(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="at-least"):
        wanted_in(tmp_path, RunOptions(given=True, at_least=0.5), [])


def test_cases_and_scorers_make_an_evaluation_without_a_file(tmp_path: Path) -> None:
    wanted = wanted_in(tmp_path, RunOptions(given=True, cases=["a.jsonl"], scorer=["exact"]), [])
    assert [one.files for one in wanted.evaluations] == [("a.jsonl",)]
    assert wanted.loop == ""


def test_nothing_is_written_where_nothing_is_asked_for() -> None:
    assert write_files([], Files()) == []
