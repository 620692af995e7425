"""`loopwright budget`."""

from typing import Any

import pytest

Command = Any


def test_a_budget_is_set_listed_shown_and_taken_back(bare: Command) -> None:
    options = ("--limit", "5usd", "--every", "day", "--per", "team", "--where", "endpoint=bot, model=gpt-4o")
    made = bare.json("budget", "set", "teams", *options, "--warn", "90%")
    assert (made["limit"], made["unit"], made["warn"]) == (5_000_000_000, "usd", 0.9)
    assert made["where"] == {"endpoint": "bot", "model": "gpt-4o"}
    assert "5.00 USD every day, for each team, endpoint bot, model gpt-4o" in bare.text("budget", "list")
    assert bare.json("budget", "show", "teams")["accounts"] == []
    assert "Nothing was spent" in bare.text("budget", "show", "teams")
    assert "within a second" in bare.text("budget", "remove", "teams")
    assert bare.json("budget", "list") == []
    assert "never refused" in bare.text("budget", "list")


def test_a_report_of_nothing_says_so(bare: Command) -> None:
    assert "No calls" in bare.text("budget", "report", "--by", "team", "--from", "2026-01-01")
    assert bare.json("budget", "report", "--by", "day")["total"]["calls"] == 0


def test_a_page_is_written_where_one_is_asked_for(bare: Command) -> None:
    bare.text("budget", "set", "month", "--limit", "5usd")
    page = bare.folder / "spend.html"
    assert "spend.html" in bare.text("budget", "report", "--out", str(page))
    assert "What language models cost" in page.read_text()


@pytest.mark.parametrize(
    "words",
    [
        ("set", "x", "--limit", "five"),
        ("set", "x"),
        ("set", "Not A Name", "--limit", "5usd"),
        ("set", "x", "--limit", "5usd", "--per", "planet"),
        ("set", "x", "--limit", "5usd", "--every", "year"),
        ("set", "x", "--limit", "5usd", "--where", "team"),
        ("set", "x", "--limit", "5usd", "--where", "colour=red"),
        ("set", "x", "--limit", "5usd", "--where", "key=key_none"),
        ("set", "x", "--limit", "5usd", "--warn", "soon"),
        ("set", "x", "--limit", "5usd", "--warn", "180%"),
        ("show", "x"),
        ("credit", "x", "1usd", "--reason", "none"),
        ("credit", "x", "1usd"),
        ("remove", "x"),
        ("report", "--by", "planet"),
        ("report", "--from", "yesterday"),
    ],
)
def test_what_cannot_be_done_is_a_user_error_and_leaves_nothing(bare: Command, words: tuple[str, ...]) -> None:
    bare.error("budget", *words)
    assert bare.json("budget", "list") == []
