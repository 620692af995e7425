"""Every error has its own code, the next thing to do, a line in the drawing and a row in the docs."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest
from tests.contracts.sources import ROOT

from loopwright import errors
from loopwright.errors import LoopwrightError

EXIT_CODES = {1: "user error", 2: "data refused", 3: "gate failed", 4: "no verdict", 5: "approval missing"}


def _below(cls: type[LoopwrightError]) -> Iterator[type[LoopwrightError]]:
    for child in cls.__subclasses__():
        yield child
        yield from _below(child)


CLASSES = [cls for cls in _below(LoopwrightError) if cls.__module__.startswith("loopwright.")]
LEAVES = [cls for cls in CLASSES if not cls.__subclasses__()]


def test_codes_are_unique() -> None:
    twice = [code for code, count in Counter(cls.code for cls in CLASSES).items() if count > 1]
    assert not twice, f"give each class a code of its own: {twice}"


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_an_error_says_how_to_go_on(cls: type[LoopwrightError]) -> None:
    assert re.fullmatch(r"LW\d{3}", cls.code)
    assert cls.exit_code in EXIT_CODES
    assert cls.advice.endswith("."), f"{cls.__name__}.advice is a sentence"
    assert cls("something happened").fix == cls.advice


def test_the_drawing_in_errors_py_shows_the_whole_tree() -> None:
    drawn = dict(re.findall(r"── (\w+Error) +.*?(LW\d{3})", errors.__doc__ or ""))
    defined = {cls.__name__: cls.code for cls in LEAVES}
    assert drawn == defined, "redraw the tree at the top of errors.py"


@pytest.mark.parametrize("cls", LEAVES, ids=lambda cls: cls.__name__)
def test_the_docs_have_every_code(cls: type[LoopwrightError]) -> None:
    page = (ROOT / "docs/reference/errors.md").read_text(encoding="utf-8")
    assert f"| {cls.code} | {cls.__name__} |" in page, "run `python -m docs.generate`"
