"""Prompts by name where they are used."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.errors import NotAHomeError, NotFoundError, PromptError, UsageError
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.reading import PromptReader, prompt, read_pins
from loopwright.llm.prompts.registry import (
    PromptVersion,
    content_of,
    find_version,
    prompt_names,
    put_content,
    record_of,
    ref_of,
    split_selector,
)
from loopwright.store.open_stores import Stores, create_home, open_stores


class Hand:
    """A clock whose hand is moved."""

    def __init__(self) -> None:
        self.at = 0.0

    def now(self) -> int:
        return 0

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[Stores]:
    home = tmp_path / ".loopwright"
    create_home(home, replay=False, ids=random_id, clock=SystemClock())
    opened = open_stores(home, clock=SystemClock(), ids=random_id)
    yield opened
    opened.close()


def keep(stores: Stores, text: str, number: int, *aliases: str) -> Prompt:
    made = Prompt(name="say", user=text)
    version = PromptVersion(
        name="say", number=number, digest=made.digest, blob=put_content(stores.blobs, made)
    )  # fmt: skip
    moves = {ref_of("say", alias, "default"): made.digest for alias in ("latest", *aliases)}
    stores.ledger.commit(moves=moves, records=[record_of(version, namespace="default")])
    return made


@pytest.mark.parametrize(
    ("selector", "number"), [("say", 2), ("say@latest", 2), ("say@production", 1), ("say:1", 1), ("say:2", 2)]
)
def test_a_version_is_found_by_name_alias_and_number(stores: Stores, selector: str, number: int) -> None:
    first = keep(stores, "a", 1, "production")
    keep(stores, "b", 2)
    assert find_version(stores.ledger, selector).number == number
    assert find_version(stores.ledger, f"say@{first.digest[:8]}").number == 1
    assert prompt_names(stores.ledger) == ("say",)
    assert content_of(stores.blobs, find_version(stores.ledger, "say:1")).prompt == first


@pytest.mark.parametrize("selector", ["other", "say:3", "say@staging", "say@0000000"])
def test_what_is_not_there_is_named_with_what_is(stores: Stores, selector: str) -> None:
    keep(stores, "a", 1)
    with pytest.raises(NotFoundError) as refused:
        find_version(stores.ledger, selector)
    assert "say" in refused.value.what + refused.value.why


@pytest.mark.parametrize("selector", ["", "@x", "say@", ":1"])
def test_a_selector_has_a_name(selector: str) -> None:
    with pytest.raises(UsageError):
        split_selector(selector)


def test_a_reader_follows_an_alias_within_a_tenth_of_a_second(stores: Stores) -> None:
    hand = Hand()
    reader = PromptReader(stores.ledger, stores.blobs, clock=hand)
    keep(stores, "a", 1, "production")
    first = reader.get("say@production")
    keep(stores, "b", 2, "production")
    assert reader.get("say@production") is first
    hand.at += 0.2
    assert reader.get("say@production").user == "b"
    hand.at += 0.2
    same = reader.get("say@production")
    hand.at += 0.2
    assert reader.get("say@production") is same


def test_a_home_is_found_from_a_folder_below_it(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(stores, "a", 1)
    below = tmp_path / "deep" / "er"
    below.mkdir(parents=True)
    monkeypatch.delenv("LOOPWRIGHT_HOME", raising=False)
    monkeypatch.chdir(below)
    assert prompt("say").user == "a"
    assert prompt("say", home=tmp_path / ".loopwright").user == "a"


def test_without_a_home_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOOPWRIGHT_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(NotAHomeError, match="no home"):
        prompt("say")


def pins(made: Prompt, digest: str = "", form: int = 1) -> bytes:
    import msgspec

    pinned = {"digest": digest or made.digest, "number": 1, "prompt": msgspec.to_builtins(made)}
    return json.dumps({"form": form, "prompts": {"say@production": pinned}}).encode()


def test_pinned_prompts_are_read_anew_where_the_file_changed(tmp_path: Path) -> None:
    path = tmp_path / "pins.json"
    path.write_bytes(pins(Prompt(name="say", user="a")))
    assert prompt("say@production", pins=path).user == "a"
    path.write_bytes(pins(Prompt(name="say", user="other")))
    assert prompt("say@production", pins=path).user == "other"
    with pytest.raises(NotFoundError, match="say@staging"):
        prompt("say@staging", pins=path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{}", "no pinned prompts"),
        (b"nonsense", "no pinned prompts"),
        (pins(Prompt(name="say", user="a"), digest="0" * 64), "not the one that was pinned"),
        (pins(Prompt(name="say", user="a"), form=99), "newer release"),
    ],
)
def test_a_file_that_was_changed_by_hand_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "pins.json"
    path.write_bytes(content)
    with pytest.raises(PromptError, match=said):
        read_pins(path)
    with pytest.raises(PromptError):
        prompt("say", pins=tmp_path / "none.json")
