"""A sketch of a stream: small, within its error, the same for the same stream, and mergeable in any order."""

import numpy as np
import pytest

from loopwright.stats.sketches import Kll, merged, unpacked, updated

SHARES = np.linspace(0.01, 0.99, 99)


def _stream(seed, size=100_000):
    return np.random.default_rng(seed).lognormal(sigma=2.0, size=size)


def _worst(sketch, values):
    ranks = np.searchsorted(np.sort(values), sketch.quantiles(SHARES), side="right") / values.size
    return float(np.abs(ranks - SHARES).max())


@pytest.mark.parametrize("batch", [37, 1_000, 100_000])
def test_ranks_are_within_the_stated_error_whatever_the_batches(batch):
    size = 20_000 if batch < 100 else 100_000
    for seed in range(3):
        values, sketch = _stream(seed, size), Kll()
        for start in range(0, size, batch):
            sketch = updated(sketch, values[start : start + batch])
        assert sketch.n == size
        assert _worst(sketch, values) < 0.0133
        assert len(sketch.packed()) < 8_000


def test_an_ordered_stream_does_no_harm():
    values, sketch = np.sort(_stream(0)), Kll()
    for part in np.array_split(values, 500):
        sketch = updated(sketch, part)
    assert _worst(sketch, values) < 0.0133


def test_merging_is_the_same_both_ways_and_within_the_error():
    parts = [_stream(seed, 20_000) for seed in range(5)]
    sketches = [updated(Kll(), part) for part in parts]
    assert merged(sketches[0], sketches[1]).packed() == merged(sketches[1], sketches[0]).packed()
    whole, other = Kll(), Kll()
    for sketch in sketches:
        whole = merged(whole, sketch)
    for sketch in reversed(sketches):
        other = merged(sketch, other)
    values = np.concatenate(parts)
    assert whole.n == other.n == values.size
    assert _worst(whole, values) < 0.0133
    assert _worst(other, values) < 0.0133


def test_weights_add_up_and_a_small_stream_is_exact():
    sketch = updated(Kll(), _stream(1))
    assert sum(level.size << height for height, level in enumerate(sketch.levels)) == sketch.n
    few = updated(Kll(), np.array([3.0, np.nan, 1.0, np.inf, 2.0]))
    assert few.n == 3
    assert few.quantiles(np.array([0.0, 0.5, 1.0])).tolist() == [1.0, 2.0, 3.0]
    assert few.ranks(np.array([0.0, 1.0, 2.5])).tolist() == pytest.approx([0.0, 1 / 3, 2 / 3])


def test_a_packed_sketch_goes_on_as_it_would_have():
    sketch = updated(Kll(), _stream(2))
    again = unpacked(sketch.packed())
    assert updated(again, _stream(3)).packed() == updated(sketch, _stream(3)).packed()
    assert unpacked(Kll().packed()).n == 0
    assert np.isnan(Kll().quantiles(np.array([0.5])))[0]
    assert np.isnan(Kll().ranks(np.array([0.5])))[0]


def test_bytes_of_format_1_stay_readable():
    known = bytes.fromhex("0101c800020000000000000002000000000000000000f03f0000000000000040")
    assert unpacked(known).quantiles(np.array([1.0])).tolist() == [2.0]
    assert updated(Kll(), np.array([2.0, 1.0])).packed() == known


@pytest.mark.parametrize("data", [b"", b"12345678901234567890", updated(Kll(), np.arange(9.0)).packed()[:-8]])
def test_other_bytes_are_refused(data):
    with pytest.raises(ValueError, match="sketch"):
        unpacked(data)


def test_sketches_of_different_size_do_not_merge():
    with pytest.raises(ValueError, match="do not merge"):
        merged(Kll(k=100), Kll())
