"""The same rows are kept, whatever the order and however many saw them."""

import numpy as np
import polars as pl
import pytest

from loopwright.monitoring.sample import id_hashes, merge, sample_rows, smallest


def rows_of(places):
    return pl.DataFrame({"x": list(places)}), [f"r{place}" for place in places]


def test_order_and_workers_do_not_change_what_is_kept():
    order = np.random.default_rng(0).permutation(500)
    whole = sample_rows(*rows_of(range(500)), 40)
    parts = [sample_rows(*rows_of(part), 40) for part in np.array_split(order, 7)]
    merged = parts[0]
    for part in reversed(parts[1:]):
        merged = merge(part, merged)
    assert merged.rows.equals(whole.rows)
    assert (merged.hashes == whole.hashes).all()
    assert whole.rows.height == 40


def test_the_rows_kept_are_those_that_every_version_keeps():
    kept = sample_rows(*rows_of(range(20)), 4)
    assert (kept.hashes == np.sort(id_hashes([f"r{i}" for i in range(20)]))[:4]).all()


def test_merging_with_itself_adds_nothing():
    one = sample_rows(*rows_of(range(30)), 40)
    assert merge(one, one).rows.equals(one.rows)


def test_the_kept_rows_are_no_end_of_the_stream():
    kept = sample_rows(*rows_of(range(20_000)), 2_000).rows["x"].to_numpy()
    assert abs(kept.mean() - 10_000) < 600
    assert abs(np.std(kept) - 20_000 / np.sqrt(12)) < 400


def test_a_row_that_came_twice_is_kept_once():
    rows = pl.DataFrame({"x": [1, 2, 3]})
    assert sorted(sample_rows(rows, ["a", "b", "a"], 9).rows["x"].to_list()) == [1, 2]


def test_samples_of_two_sizes_do_not_merge():
    with pytest.raises(ValueError, match="do not merge"):
        merge(sample_rows(*rows_of(range(3)), 2), sample_rows(*rows_of(range(3)), 3))


def test_hashes_are_those_of_every_machine():
    assert id_hashes(["a", "b"]).tolist() == [6027058585768261143, 11479545966530389264]
    assert id_hashes([]).size == 0
    assert smallest(id_hashes(["a"]), 5).tolist() == [0]
