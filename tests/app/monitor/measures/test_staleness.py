"""How old the newest row of requests' entities was."""

import pytest

import loopwright as lw
from loopwright.app.online import online_features
from loopwright.app.versions import manifest_of, views_of

MINUTE = 60_000_000


def pushed(sensing, room, minutes_before, known_after=0):
    """A row of a room, so long before the first minute, known so many minutes after its beginning."""
    views = views_of(sensing.workspace, manifest_of(sensing.workspace, sensing.version))
    row = {"room": room, "heat": 1.0, "at": sensing.start - minutes_before * MINUTE}
    known = sensing.start + known_after * MINUTE
    online_features(sensing.workspace, views).push("sensors", [row], known_at=known)


def ask(sensing, room, count):
    sensing.request(0, count, inputs={"x": 0.0, "room": room})


def test_requests_with_old_rows_and_with_none_are_counted(sensing):
    pushed(sensing, "c", 10)
    pushed(sensing, "d", 90)
    for room, count in (("c", 5), ("d", 3), ("e", 2)):
        ask(sensing, room, count)
    (figure,) = sensing.figures(lw.watch.staleness("heat", "1h"))
    assert (figure.total, figure.n) == (5, 10)
    assert figure.parts["missing"] == pytest.approx(0.2)
    assert figure.parts["old"] == pytest.approx(0.3)
    assert figure.parts["median_age_s"] == pytest.approx(600, abs=1)
    assert figure.named == ("readings", "warmth")


def test_a_row_that_became_known_later_is_no_credit(sensing):
    pushed(sensing, "c", 10, known_after=2)
    ask(sensing, "c", 4)
    (figure,) = sensing.figures(lw.watch.staleness("heat", "1h"))
    assert figure.parts["missing"] == 1.0


def test_without_the_view_or_without_requests_there_is_no_figure(sensing):
    (figure,) = sensing.figures(lw.watch.staleness("cold", "1h"))
    assert (figure.value, figure.reason) == (None, "the champion has no feature view 'cold'")
    (figure,) = sensing.figures(lw.watch.staleness("heat", "1h"))
    assert (figure.value, figure.reason) == (None, "no request came")
