import pytest

from loopwright.errors import UsageError
from loopwright.release.span import duration, in_words


@pytest.mark.parametrize(("text", "length"), [("0s", 0), ("90s", 90_000_000), ("1h30m", 5_400_000_000)])
def test_what_a_person_writes(text, length):
    assert duration("watch", text) == length


@pytest.mark.parametrize("text", ["soon", "", 5])
def test_what_is_no_duration_is_refused_by_its_name(text):
    with pytest.raises(UsageError, match="watch=") as caught:
        duration("watch", text)
    assert caught.value.fix


@pytest.mark.parametrize(
    ("length", "words"),
    [(500_000, "0.5 s"), (90_000_000, "1.5 min"), (3_600_000_000, "1 h"), (2 * 86_400_000_000, "2 d")],
)
def test_what_a_person_reads(length, words):
    assert in_words(length) == words
