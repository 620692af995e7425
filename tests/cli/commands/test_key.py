"""`loopwright key`."""

from typing import Any

import pytest

Command = Any


def test_a_key_is_shown_once_and_then_listed_without_its_secret(cli: Command) -> None:
    made = cli.json("key", "new", "ci")
    assert made["secret"].startswith("lw_")
    (listed,) = cli.json("key", "list")
    assert (listed["id"], listed["name"], listed["revoked"]) == (made["id"], "ci", False)
    assert (listed["scopes"], listed["rate"], listed["expires_at"]) == (["predict"], None, None)
    assert made["secret"] not in cli.text("key", "list") + cli.text("status")


def test_a_person_is_told_how_to_send_it_and_how_to_take_it_back(cli: Command) -> None:
    secret, said = cli.text("key", "new", "ci").splitlines()
    assert secret.startswith("lw_")
    (listed,) = cli.json("key", "list")
    assert "Authorization: Bearer" in said
    assert f"loopwright key revoke {listed['id']}" in said


def test_a_key_that_was_taken_back_says_so(cli: Command) -> None:
    made = cli.json("key", "new", "ci")
    assert "within a second" in cli.text("key", "revoke", made["id"])
    assert [key["revoked"] for key in cli.json("key", "list")] == [True]


def test_a_key_may_be_made_before_the_first_run(bare: Command) -> None:
    assert bare.json("key", "new", "ci")["name"] == "ci"
    assert bare.json("run")["judged"]["status"] == "champion"


def test_a_key_s_scopes_rate_and_end_are_said(cli: Command) -> None:
    options = ("--scope", "feedback,predict", "--rate", "100/s", "--expires", "90d")
    assert "predict, feedback" in cli.text("key", "new", "shop", *options)
    (listed,) = cli.json("key", "list")
    assert (listed["scopes"], listed["rate"]) == (["predict", "feedback"], "100/s")
    assert listed["expires_at"] - listed["at"] == pytest.approx(90 * 86_400_000_000, rel=1e-6)
    assert "100/s" in cli.text("key", "list")


def test_a_key_s_team_token_rate_and_budgets_are_said(bare: Command) -> None:
    options = ("--team", "pricing", "--tokens", "100000/m", "--budget", "5usd/day, 1000000tokens/total")
    made = bare.json("key", "new", "shop", *options)
    (listed,) = bare.json("key", "list")
    assert (listed["team"], listed["tokens"]) == ("pricing", "100000/m")
    assert "100000/m" in bare.text("key", "list")
    budgets = [view["budget"] for view in bare.json("budget", "list")]
    assert {(one["unit"], one["every"], one["where"]["key"]) for one in budgets} == {
        ("usd", "day", made["id"]),
        ("tokens", "total", made["id"]),
    }


@pytest.mark.parametrize(
    "words",
    [
        ("key", "revoke", "key_none"),
        ("key", "new"),
        ("key", "forget", "x"),
        ("key", "new", "x", "--scope", "everything"),
        ("key", "new", "x", "--rate", "fast"),
        ("key", "new", "x", "--expires", "soon"),
        ("key", "new", "x", "--tokens", "many"),
        ("key", "new", "x", "--budget", "5usd"),
        ("key", "new", "x", "--budget", "5usd/year"),
        ("key", "new", "x", "--budget", "5usd/day,much/day"),
    ],
)
def test_what_cannot_be_done_is_a_user_error(cli: Command, words: tuple[str, ...]) -> None:
    cli.error(*words)
