"""What `lw.watch.error_rate` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError


def test_the_share_is_bounded_or_held_against_what_is_usual():
    assert lw.watch.error_rate(at_most=0.01).name == "error_rate(<= 0.01)"
    assert lw.watch.error_rate(at_most=0.01).watched[0].at_most == 0.01
    assert lw.watch.error_rate().name == "error_rate"
    assert lw.watch.error_rate().watched[0].scale == "share"


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_bound_that_is_no_share_is_refused(share):
    with pytest.raises(UsageError):
        lw.watch.error_rate(at_most=share)
