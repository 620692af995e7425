"""What `lw.watch.staleness` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError

SENSORS = lw.Dataset("sensors", source="s.csv", event_time="at")
HEAT = lw.FeatureView("heat", source=SENSORS, entity="room", features={"readings": lw.count(over="1h")})


def test_a_view_is_named_by_itself_or_by_its_name():
    assert lw.watch.staleness(HEAT, "1h") == lw.watch.staleness("heat", "1h")
    assert lw.watch.staleness(HEAT, "1h").name == "staleness(heat, 1h)"
    assert lw.watch.staleness(HEAT, "1h").watched[0].at_most == 0.05
    assert not lw.watch.staleness(HEAT, "1h", at_most=None).watched[0].bounded


@pytest.mark.parametrize(("given", "named"), [(("", "1h"), {}), (("heat", "0s"), {}), (("heat", "1h"), {"at_most": 2})])
def test_what_cannot_hold_is_refused(given, named):
    with pytest.raises(UsageError):
        lw.watch.staleness(*given, **named)
