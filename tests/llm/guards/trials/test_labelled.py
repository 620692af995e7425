"""Labelled texts, shipped and of the user's own."""

import re
from pathlib import Path

import pytest

from loopwright.errors import SourceError, UsageError
from loopwright.llm.guard import Guard
from loopwright.llm.guards.building import build
from loopwright.llm.guards.trials.labelled import labelled_file, shipped
from loopwright.llm.guards.trials.made_up import _MAKERS, filled


def test_the_shipped_set_has_bad_and_good_texts_for_each_guard() -> None:
    texts = shipped().texts
    assert len(texts) >= 300
    assert len({one.id for one in texts}) == len(texts)
    assert not [one.id for one in texts if re.search("<<[a-z0-9_]+>>", one.text)]
    for kind in ("personal_data", "secrets", "prompt_injection", "toxicity"):
        assert sum(one.bad for one in texts if one.guard == kind) >= 40
        assert sum(not one.bad for one in texts if one.guard == kind) >= 40


def test_the_options_in_the_set_are_those_of_a_guard() -> None:
    for kind, options in shipped().options.items():
        build(Guard(kind=kind, options=options))


@pytest.mark.parametrize("name", sorted(_MAKERS))
def test_what_is_made_up_is_the_same_each_time_and_another_for_another_text(name: str) -> None:
    made = filled(f"<<{name}>>", "one")
    assert made == filled(f"<<{name}>>", "one")
    assert len({filled(f"<<{name}>>", str(n)) for n in range(30)}) > 5


def test_what_cannot_be_made_up_is_refused() -> None:
    with pytest.raises(UsageError, match="unicorn"):
        filled("<<unicorn>>", "x")


def test_a_file_of_the_users_is_taken_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text('{"guard": "secrets", "bad": true, "text": "<<jwt>>"}\n\n{"guard": "secrets", "text": "fine"}\n')
    read = labelled_file(path)
    assert [(one.text, one.bad, one.id) for one in read.texts] == [
        ("<<jwt>>", True, "line 1"),
        ("fine", False, "line 3"),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [("nonsense", "line 1"), ('{"guard": "secrets", "text": 3}', "line 1"), ("", "no labelled text"),
     ('{"guard": "secrets", "text": "a"}\n{"guard": "x", "colour": 1}', "line 2")],
)  # fmt: skip
def test_a_file_that_is_none_is_refused_by_line(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "mine.jsonl"
    path.write_text(content)
    with pytest.raises(SourceError, match=message):
        labelled_file(path)
    with pytest.raises(SourceError, match="cannot be read"):
        labelled_file(tmp_path / "none.jsonl")
