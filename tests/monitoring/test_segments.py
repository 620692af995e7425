"""Which rows carry a change."""

import numpy as np
import pytest

from loopwright.monitoring.segments import Split, segments_of, strongest

RNG = np.random.default_rng(3)
N = 4_000


def airports(n=N, shares=(0.5, 0.3, 0.2)):
    return RNG.choice(["EWR", "JFK", "LGA"], n, p=shares).tolist()


def world(*, jfk=0.0, everywhere=0.0, shares=(0.5, 0.3, 0.2)):
    before, after = airports(), airports(shares=shares)
    old = RNG.normal(10, 2, N)
    new = RNG.normal(10, 2, N) + everywhere + np.where(np.asarray(after) == "JFK", jfk, 0.0)
    split = Split(before={"airport": before, "carrier": airports()}, after={"airport": after, "carrier": airports()})
    return old, new, split


def segments(old, new, split):
    return segments_of("wind", old, new, split=split)


def test_the_segment_in_which_the_change_sits_is_named_with_its_figures():
    old, new, split = world(jfk=3.0)
    (found, *_) = segments_of("wind", old, new, split=split)
    assert (found.target, found.column, found.value) == ("wind", "airport", "JFK")
    assert found.carries == pytest.approx(1.0, abs=0.15)
    assert found.inside_after - found.inside_before == pytest.approx(3.0, abs=0.4)
    assert found.outside_after - found.outside_before == pytest.approx(0.0, abs=0.3)
    assert found.z > 10
    assert {segment.column for segment in segments_of("wind", old, new, split=split)} == {"airport"}


def test_a_change_that_is_everywhere_has_no_segment():
    assert segments(*world(everywhere=2.0)) == ()


def test_a_change_of_shares_is_found_too():
    before, after = airports(), airports(shares=(0.2, 0.6, 0.2))
    old = RNG.normal(10, 1, N) + np.where(np.asarray(before) == "JFK", 5, 0)
    new = RNG.normal(10, 1, N) + np.where(np.asarray(after) == "JFK", 5, 0)
    (found, *_) = segments_of("wind", old, new, split=Split(before={"a": before}, after={"a": after}))
    assert (found.value, round(found.share_before, 1), round(found.share_after, 1)) == ("JFK", 0.3, 0.6)


def test_noise_names_no_segment_in_a_hundred_worlds():
    assert sum(len(segments(*world())) for _ in range(100)) <= 1


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_too_few_rows_name_none(rows):
    few = Split(before={"a": ["x"] * rows}, after={"a": ["x"] * rows})
    assert segments_of("wind", np.zeros(rows), np.ones(rows), split=few) == ()


def test_values_that_are_missing_or_alike_do_no_harm():
    values = np.full(100, np.nan)
    split = Split(before={"a": ["x", "y"] * 50}, after={"a": ["x", "y"] * 50})
    assert segments_of("wind", values, values, split=split) == ()
    assert segments_of("wind", np.ones(100), np.ones(100), split=split) == ()
    half = Split(before={"a": ["x"] * 100}, after={"a": ["x", "z"] * 50})
    assert all(np.isfinite(s.carries) for s in segments_of("w", np.ones(100), np.arange(100.0), split=half))


def test_the_column_itself_explains_nothing():
    old, new, split = world(jfk=3.0)
    assert segments_of("airport is 1", old, new, split=split, without="airport") == ()


def test_what_changed_most_of_a_column_is_compared():
    full, holes = np.ones(100), np.where(np.arange(100) < 30, np.nan, 1.0)
    assert strongest("wind", full, full * 2, coded=False)[0] == "wind"
    name, before, after = strongest("wind", full, holes, coded=False)
    assert (name, before.mean(), after.mean()) == ("wind is missing", 0.0, 0.3)
    name, before, after = strongest("kind", np.repeat([0.0, 1.0], 50), np.repeat([0.0, 2.0], 50), coded=True)
    assert name in ("kind is 1", "kind is 2")
