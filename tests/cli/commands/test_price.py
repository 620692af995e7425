"""`loopwright price`."""

from typing import Any

import pytest

Command = Any


def test_a_price_is_set_listed_shown_and_taken_back(bare: Command) -> None:
    said = bare.text("price", "set", "gpt-4o-mini", "--input", "0.1", "--output", "0.5", "--note", "contract 7")
    assert "0.1 USD in, 0.5 USD out" in said
    (own,) = bare.json("price", "list", "--own")["prices"]
    assert (own["model"], own["input"], own["output"], own["own"]) == ("gpt-4o-mini", "0.1", "0.5", True)
    shown = bare.text("price", "show", "gpt-4o-mini")
    assert "contract 7" in shown
    assert "https://" in shown
    bare.text("price", "remove", "gpt-4o-mini")
    assert bare.json("price", "list", "--own")["prices"] == []


def test_a_model_of_one_s_own_is_declared_free(bare: Command) -> None:
    assert "free" in bare.text("price", "set", "*", "--provider", "ollama", "--free")
    (own,) = bare.json("price", "list", "--own")["prices"]
    assert (own["provider"], own["model"], own["input"]) == ("ollama", "*", "0")


def test_shipped_prices_that_hold_are_listed_with_the_table_s_version(bare: Command) -> None:
    found = bare.json("price", "list", "--provider", "anthropic")
    assert {one["provider"] for one in found["prices"]} == {"anthropic"}
    assert found["version"] in bare.text("price", "list")


@pytest.mark.parametrize(
    "words",
    [
        ("set", "m"),
        ("set", "m", "--free", "--input", "1"),
        ("set", "m", "--output", "1"),
        ("set", "m", "--input", "cheap"),
        ("set", "*", "--free"),
        ("set", "m", "--input", "1", "--from", "soon"),
        ("show", "no-such-model"),
        ("remove", "gpt-4o"),
    ],
)
def test_what_cannot_be_done_is_a_user_error_and_leaves_nothing(bare: Command, words: tuple[str, ...]) -> None:
    bare.error("price", *words)
    assert bare.json("price", "list", "--own")["prices"] == []
