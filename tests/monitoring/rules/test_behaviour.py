"""What `lw.watch.behaviour` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError


def test_the_share_of_one_class_has_bounds_on_both_sides():
    rule = lw.watch.behaviour("fraud", at_most=0.1, at_least=0.001)
    assert rule.name == "behaviour(fraud, >= 0.001, <= 0.1)"
    assert (rule.watched[0].at_least, rule.watched[0].at_most) == (0.001, 0.1)
    assert lw.watch.behaviour().name == "behaviour(positive)"


@pytest.mark.parametrize("given", [{"at_most": 0.1, "at_least": 0.2}, {"at_most": 1.5}])
def test_what_cannot_hold_is_refused(given):
    with pytest.raises(UsageError):
        lw.watch.behaviour("fraud", **given)
