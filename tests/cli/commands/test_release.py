"""`loopwright release`: every verb, as a person and as a program would use it."""

import json
from pathlib import Path
from typing import Any

import pytest

Command = Any


@pytest.fixture
def two(cli: Command) -> Command:
    """A champion, and a second version beside it."""
    assert cli.json("run", "--set", "depth=2")["judged"]["status"] == "releasing"
    return cli


def test_a_release_is_paused_resumed_and_aborted_with_the_reason_in_its_record(two: Command) -> None:
    for verb, action in (("pause", "paused"), ("resume", "resumed"), ("abort", "aborted")):
        assert two.json("release", verb, "small", "--reason", f"to see {verb}")["action"] == action
    (listed,) = two.json("release", "list")
    assert (listed["status"], listed["reason"]) == ("aborted", "to see abort")
    shown = two.text("release", "show")
    for words in ("to see pause", "user:", "champion 100%", "abort"):
        assert words in shown


def test_a_plan_says_what_is_needed_and_what_is_in_the_way_and_moves_nothing(two: Command) -> None:
    planned = two.json("release", "plan", "--version", "2", "--strategy", "canary", "--set", "steps=[10,100]")
    assert planned["plan"]["strategy"]["steps"] == [10, 100]
    assert "is under way" in planned["blocked"]
    assert any("requests" in need for need in planned["needs"])
    assert two.json("release", "list")[0]["status"] == "running"
    two.json("release", "abort")
    assert "Next: loopwright release start" in two.text("release", "plan", "--version", "2")


def test_any_registered_version_is_started_by_any_strategy(two: Command) -> None:
    two.json("release", "abort")
    assert two.json("release", "start", "--version", "@latest", "--strategy", "shadow", "--reason", "look first")[
        "release"
    ]
    (newest, *_) = two.json("release", "list")
    assert (newest["strategy"], newest["reason"]) == ("shadow", "look first")
    assert "Cannot start now" in two.text("release", "plan", "--version", "2", "--strategy", "blue_green")
    assert "has begun" not in two.error("release", "start", "--version", "2", code=1)["what"]


def test_a_promotion_that_is_not_proven_needs_a_word_and_a_rollback_undoes_it(two: Command) -> None:
    error = two.error("release", "promote", code=5)
    assert "errors" in error["why"]
    promoted = two.json("release", "promote", "--override", "labels come in a month")
    assert promoted["action"] == "promoted"
    back = two.json("release", "rollback", "--reason", "complaints")
    assert back["champion"] != promoted["champion"]
    again = two.json("release", "rollback", "--to", "2")
    assert again["champion"] == promoted["champion"]


def test_the_kill_switch_stops_releases_until_it_is_off_and_status_says_so(two: Command) -> None:
    two.json("release", "kill", "small", "--reason", "investigating")
    assert "releases of small are stopped" in two.text("status")
    assert "investigating" in two.error("release", "start", "--version", "2")["why"]
    two.json("release", "unkill", "small")
    assert two.json("status")["killed"] == []


def test_a_page_is_written_for_a_release(two: Command, tmp_path: Path) -> None:
    page = tmp_path / "release.html"
    assert two.json("release", "show", "--html", str(page))["page"] == str(page)
    text = page.read_text(encoding="utf-8")
    assert "<h1>Release on small</h1>" in text
    assert "Who answered" in text


@pytest.mark.parametrize(
    "words",
    [
        ("release", "pause", "nobody"),
        ("release", "show", "rel_none"),
        ("release", "start", "--version", "99"),
        ("release", "start", "--strategy", "luck"),
        ("release", "plan", "--set", "luck=1"),
        ("release", "resume"),
    ],
)
def test_what_cannot_be_done_is_one_error_with_a_fix(two: Command, words: tuple[str, ...]) -> None:
    assert two.error(*words)["fix"]


def test_what_is_shown_is_what_is_answered(two: Command) -> None:
    release = two.json("release", "show")
    assert release["id"] in two.text("release", "list")
    assert json.dumps(release)
