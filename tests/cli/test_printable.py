"""Text as a terminal may show it."""

from hypothesis import given
from hypothesis import strategies as st

from loopwright.cli.printable import printable


def test_controls_are_written_out_and_words_stay() -> None:
    assert printable("\x1b[2J\x07\x9b\u202e") == r"\x1b[2J\x07\x9b\u202e"
    assert printable("a\tb\nc ü 漢 💧") == "a\tb\nc ü 漢 💧"


@given(st.text())
def test_nothing_that_a_terminal_obeys_is_left(text: str) -> None:
    shown = printable(text)
    assert not [c for c in shown if (ord(c) < 32 and c not in "\t\n") or 127 <= ord(c) < 160]
