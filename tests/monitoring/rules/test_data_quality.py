"""What `lw.watch.data_quality` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError


def test_requests_have_a_share_and_a_landing_is_refused_as_a_whole():
    assert lw.watch.data_quality().name == "data_quality(<= 0.01)"
    assert lw.watch.data_quality().watched[0].form == "share"
    landings = lw.watch.data_quality("flights")
    assert (landings.name, landings.dataset, landings.watched[0].form) == ("data_quality(flights)", "flights", "level")
    assert lw.watch.data_quality(at_most=None).name == "data_quality"


def test_a_bound_that_is_no_share_is_refused():
    with pytest.raises(UsageError):
        lw.watch.data_quality(at_most=1.0)
