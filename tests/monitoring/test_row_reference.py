"""A sample of the reference's rows, and what its own windows came to."""

import numpy as np
import polars as pl
import pytest

from loopwright.formats.value import get_value, put_value
from loopwright.monitoring.detectors.value_distance import ValueDistance
from loopwright.monitoring.row_reference import RowReference, build_row_reference, windows_of
from loopwright.monitoring.sample import id_hashes
from loopwright.store.backends.memory_blobs import MemoryBlobs


def built(values, event_time=None, rows=50, period=1, measure=None):
    table = pl.DataFrame({"x": values})
    return build_row_reference(
        lambda places: table[places],
        id_hashes([str(place) for place in range(len(values))]),
        event_time,
        measure=measure or ValueDistance(),
        rows=rows,
        period_us=period,
    )


def test_windows_are_periods_and_short_ones_go_on():
    periods = np.repeat([3, 4, 5, 9], [60, 20, 45, 10])
    order = np.random.default_rng(0).permutation(periods.size)
    found, waiting = windows_of(periods[order], 50)
    assert [number for number, _ in found] == [3, 5]
    assert [set(periods[order][places]) for _, places in found] == [{3}, {4, 5}]
    assert {len(places) for _, places in found} == {50}
    assert waiting == 10
    assert windows_of(np.empty(0, dtype=np.int64), 50) == ([], 0)


def test_rows_are_drawn_in_the_order_given():
    found, _ = windows_of(np.asarray([1, 1, 1, 1]), 2)
    assert found[0][1].tolist() == [0, 1]


def test_the_sample_and_the_windows_share_no_row():
    taken = []

    class Seen(ValueDistance):
        def measure(self, base, window, *, explain):
            taken.append(window["x"].to_list())
            assert not set(base["x"]) & set(window["x"])
            return super().measure(base, window, explain=explain)

    reference = built(np.arange(3_000, dtype=float), measure=Seen())
    assert (reference.windows, reference.base.height, len(taken)) == (40, 1_000, 40)
    assert len({value for window in taken for value in window}) == 2_000
    assert len(reference.figures["mean(x)"].values) == 40


def test_a_period_is_not_compared_with_its_own_rows():
    """Each day has a level of its own: against its own rows every day would look ordinary."""
    days = np.repeat(np.arange(30), 200)
    reference = built(days * 1.0, event_time=days, rows=100)
    assert reference.timed
    distances = reference.figures["distance(x)"].values
    assert len(distances) == 30
    assert reference.windows == 30

    class Own(ValueDistance):
        def measure(self, base, window, *, explain):
            assert window["x"][0] not in base["x"].to_list()
            return super().measure(base, window, explain=explain)

    built(days * 1.0, event_time=days, rows=100, measure=Own())


def test_days_that_follow_on_one_another_leave_what_they_add():
    rng = np.random.default_rng(0)
    level, levels = 0.0, []
    for _ in range(200):
        level = 0.8 * level + rng.normal()
        levels.append(level)
    days = np.repeat(np.arange(200), 150)
    reference = built(np.repeat(levels, 150) + rng.normal(size=days.size), event_time=days, rows=50)
    calibration = reference.figures["mean(x)"]
    assert 0.6 < calibration.memory <= 0.9
    values = np.asarray(calibration.values)
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 0.25


def test_it_is_kept_in_a_bundle_and_read_back():
    blobs = MemoryBlobs()
    reference = built(np.arange(3_000, dtype=float))
    digest = put_value(blobs, {"rule": reference.to_value()})
    read = RowReference.from_value(get_value(blobs, digest)["rule"])
    assert read.base.equals(reference.base)
    assert (read.figures, read.windows, read.rows, read.timed) == (reference.figures, 40, 50, False)
    assert put_value(blobs, {"rule": built(np.arange(3_000, dtype=float)).to_value()}) == digest


@pytest.mark.parametrize("rows", [1, 10, 900])
def test_a_small_reference_has_no_calibration(rows):
    reference = built(np.arange(rows, dtype=float))
    assert reference.figures == {}
    assert reference.base.height == max(rows // 3, 1)
