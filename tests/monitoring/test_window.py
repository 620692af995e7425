"""Windows add up in any order."""

import msgspec
import numpy as np

from loopwright.monitoring.reference import DAY, LABEL, PREDICTION
from loopwright.monitoring.window import Window, merge, summarise


def test_parts_merge_to_the_whole_in_any_order(world, refer, count):
    rows = world.days(0, 20)
    reference = refer(rows)
    whole = count(rows, reference)
    pick = np.random.default_rng(0).random(rows["delay"].size) < 0.3
    parts = [count({n: v[mask] for n, v in rows.items()}, reference) for mask in (pick, ~pick)]
    assert merge(*parts) == merge(*reversed(parts)) == whole
    assert merge(Window(), whole) == whole


def test_totals_of_the_reference_rows_are_the_reference(world, refer, count):
    rows = world.days(0, 20)
    reference = refer(rows)
    window = count(rows, reference)
    for column in reference.columns:
        assert tuple(window.total(column.name)) == column.counts
    assert window.total("nothing") is None
    assert window.days == tuple(range(20))
    assert window.since(15).days == (15, 16, 17, 18, 19)


def test_labels_still_unknown_are_left_out_but_missing_features_count(world, refer):
    reference = refer(world.days(0, 20))
    time = np.full(4, 30 * DAY)
    holed = np.array([np.nan, np.nan, 1.0, 0.0])
    window = summarise({"delay": holed, LABEL: holed, PREDICTION: holed}, time, reference)
    assert window.total(LABEL).sum() == window.total(PREDICTION).sum() == 2
    assert window.total("delay").sum() == 4
    assert window.total("delay")[-1] == 2
    assert window.total("carrier") is None


def test_a_window_survives_json_and_an_empty_one_is_empty(world, refer, count):
    rows = world.days(0, 15)
    reference = refer(rows)
    window = count(rows, reference)
    assert msgspec.json.decode(msgspec.json.encode(window), type=Window) == window
    assert summarise({"delay": np.array([])}, np.array([], dtype=np.int64), reference) == Window()
