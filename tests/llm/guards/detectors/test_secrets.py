"""Secrets: keys by their formats, private keys, tokens, passwords."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.guards.detectors.secrets import Secrets, entropy
from loopwright.llm.guards.trials.made_up import filled


def found(text: str) -> list[tuple[str, str]]:
    return [(hit.kind, text[hit.start : hit.end]) for hit in Secrets().find(text)]


@pytest.mark.parametrize("name", ["openai_key", "anthropic_key", "aws_access_key", "github_token", "google_key", "jwt"])
def test_a_key_is_found_whole(name: str) -> None:
    key = filled(f"<<{name}>>", "test")
    assert found(f"use {key}, please") == [(name, key)]


def test_a_private_key_reaches_to_its_end_and_without_one_to_the_texts() -> None:
    key = filled("<<private_key>>", "test")
    assert found(f"a\n{key}\nb") == [("private_key", key)]
    cut = key[: len(key) // 2]
    assert found(f"a {cut}") == [("private_key", cut)]


def test_what_is_called_a_password_is_found_without_its_name() -> None:
    assert found("password = 'hunter2Xy9'") == [("password", "hunter2Xy9")]
    assert found("postgres://app:Tr0ub4dor3@db/app") == [("password", "Tr0ub4dor3")]


@pytest.mark.parametrize(
    "text",
    ["password: ********", "api_key: env:KEY", "token=<your token>", "password = os.environ['P']",
     "eyJhbGciOi.abcd.efgh",
     "-----BEGIN PUBLIC KEY-----", "sk-learn", "the password is wrong", "AKIA1234"],
)  # fmt: skip
def test_what_stands_for_a_secret_is_none(text: str) -> None:
    assert found(text) == []


def test_a_token_must_have_a_header_that_names_an_algorithm() -> None:
    assert found("eyJmb28iOiJiYXIifQ.eyJzdWIiOiIxIn0.c2lnbmF0dXJl") == []


def test_a_secret_beside_another_is_covered_to_its_end() -> None:
    key = filled("<<private_key>>", "test")
    (hit,) = Secrets().find(f"password = hunter2Xy9{key}")
    assert hit.end == len(f"password = hunter2Xy9{key}")


def test_entropy_is_that_of_the_signs() -> None:
    assert entropy("aaaa") == 0.0
    assert entropy("abcd") == 2.0


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="no kind of secret"):
        Secrets(["diary"])
