"""Quantiles of a window by its sketches."""

import numpy as np
import pytest

from loopwright.monitoring.sketch import QUANTILES, merged_sketches, quantiles_of, sketch_bytes


def test_quantiles_of_several_blocks_are_those_of_their_values():
    values = np.random.default_rng(0).normal(size=30_000)
    parts = [sketch_bytes(part) for part in np.split(values, 3)]
    found = quantiles_of(parts)
    assert found is not None
    ranks = np.searchsorted(np.sort(values), found) / values.size
    assert ranks == pytest.approx(np.array(QUANTILES), abs=0.0133)
    assert quantiles_of([merged_sketches(merged_sketches(parts[0], parts[1]), parts[2])]) == found


def test_nothing_has_no_quantiles():
    assert quantiles_of([]) is None
    assert quantiles_of([sketch_bytes(np.array([np.nan]))]) is None
