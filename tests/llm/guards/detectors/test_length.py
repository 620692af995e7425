"""How long a text may be."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.guards.detectors.length import Length


def test_a_text_that_is_too_long_is_cut_off() -> None:
    assert Length(most=3).shape("abcd") == ("abc", "too_long", True)
    assert Length(most=3).shape("abc").problem == ""


def test_a_text_that_is_too_short_cannot_be_mended() -> None:
    assert Length(least=2).shape(" a ") == (" a ", "too_short", False)


@pytest.mark.parametrize("bounds", [{}, {"most": 0}, {"most": 2, "least": 3}])
def test_bounds_must_be_some(bounds: dict) -> None:
    with pytest.raises(UsageError):
        Length(**bounds)
