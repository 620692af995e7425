from typing import Any

import msgspec
import pytest

from loopwright.errors import UsageError
from loopwright.llm.budgets.budget import PER, Budget, marks_of
from loopwright.llm.metering import Charge

MARKS = {
    "key": "key_1", "user": "ann", "team": "pricing", "feature": "search", "endpoint": "bot", "model": "gpt-4o",
    "provider": "openai",
}  # fmt: skip


def budget(**fields: Any) -> Budget:
    return Budget(**({"name": "b", "limit": 1, "unit": "usd"} | fields))


def test_a_call_s_marks_are_what_it_says_and_what_is_known_of_its_key() -> None:
    call = Charge(
        call="c", endpoint="bot", caller="key_1", user="ann", feature="search", provider="openai", model="gpt-4o",
        input_tokens=1, output_tokens=1,
    )  # fmt: skip
    assert marks_of(call, "pricing") == MARKS


@pytest.mark.parametrize("per", PER)
def test_each_has_the_limit_for_itself(per: Any) -> None:
    assert budget(per=per).subject(MARKS) == ("" if per == "all" else MARKS[per])


def test_a_budget_covers_calls_that_meet_all_its_conditions() -> None:
    both = budget(where={"team": "pricing", "model": "gpt-4o"})
    assert both.covers(MARKS)
    assert not both.covers({**MARKS, "model": "gpt-4o-mini"})
    assert budget().covers(MARKS)


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""}, {"name": "A"}, {"name": "a/b"}, {"name": "-a"}, {"name": "a" * 65}, {"limit": 0}, {"limit": -1},
        {"per": "planet"}, {"every": "year"}, {"where": {"colour": "red"}}, {"warn": 0.0}, {"warn": 1.1},
    ],
)  # fmt: skip
def test_what_is_no_budget_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        budget(**fields)


def test_a_budget_is_read_as_it_was_written_and_one_of_before_has_defaults() -> None:
    one = budget(per="team", every="day", where={"model": "m"}, warn=None)
    assert Budget.of(msgspec.to_builtins(one)) == one
    assert Budget.of({"name": "b", "limit": 5, "unit": "tokens"}).every == "month"
