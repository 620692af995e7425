"""Windows add up in any order."""

import msgspec
import numpy as np

from loopwright.monitoring.pairs import Pair
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION
from loopwright.monitoring.sketch import quantiles_of, sketch_bytes
from loopwright.monitoring.window import Window, count_blocks, merge, summarise


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
    assert window.blocks == tuple(range(20))
    assert window.between(15).blocks == (15, 16, 17, 18, 19)


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


def test_pairs_are_counted_block_by_block_and_add_up(refer, make_world):
    reference = refer(make_world(3).days(0, 20))
    rng = np.random.default_rng(0)
    first = rng.normal(size=900)
    frame = {"a": first, "b": 0.8 * first + 0.6 * rng.normal(size=900)}
    paired = msgspec.structs.replace(
        reference,
        columns=tuple(
            msgspec.structs.replace(reference.column("delay"), name=name, cuts=(-0.0, 0.0)) for name in ("a", "b")
        ),
        pairs=(Pair(first="a", second="b", concordant=7, discordant=3),),
    )
    blocks = rng.integers(0, 3, size=900)
    window = count_blocks(frame, blocks, paired)
    for block in range(3):
        here = blocks == block
        same = int(((frame["a"] >= 0) == (frame["b"] >= 0))[here].sum())
        assert window.pairs[block] == ((same, int(here.sum()) - same),)
        assert window.rows[block] == here.sum()
    parts = [
        count_blocks({n: v[pick] for n, v in frame.items()}, blocks[pick], paired) for pick in (first > 0, first <= 0)
    ]
    assert merge(*parts) == merge(*reversed(parts)) == window
    assert window.total_pairs().sum() == 900
    assert window.between(1, 2).blocks == (1,)
    assert Window().total_pairs() is None


def test_misfits_and_sketches_add_up():
    first = Window(misfits={"a": {1: 2}}, sketches={"a": {1: sketch_bytes(np.array([1.0]))}}, rows={1: 3})
    second = Window(misfits={"a": {1: 1, 2: 5}}, sketches={"a": {1: sketch_bytes(np.array([3.0]))}}, rows={2: 4})
    both = merge(first, second)
    assert both.misfits == {"a": {1: 3, 2: 5}}
    assert both.rows == {1: 3, 2: 4}
    assert quantiles_of(both.sketches["a"].values())[-1] == 3.0
    assert merge(second, first) == both
