"""Two clouds of points."""

import numpy as np
import polars as pl
import pytest

from loopwright.monitoring.detectors.mean_discrepancy import FIGURE, MeanDiscrepancy


def cloud(seed, n, *, shift=0.0, stretch=1.0):
    rng = np.random.default_rng(seed)
    return pl.DataFrame(rng.normal(size=(n, 8)) * stretch + shift, schema=[f"e{place}" for place in range(8)])


def test_it_is_the_squared_discrepancy_by_its_formula():
    base, window = cloud(0, 40), cloud(1, 30, shift=0.3)
    found = MeanDiscrepancy().measure(base, window, explain=False).figures[FIGURE] / 1_000
    x = (base.to_numpy() - base.to_numpy().mean(0)) / base.to_numpy().std(0)
    y = (window.to_numpy() - base.to_numpy().mean(0)) / base.to_numpy().std(0)

    def kernel(a, b, width):
        return np.exp(-((a[:, None] - b[None]) ** 2).sum(-1) / width)

    pairs = ((x[:, None] - x[None]) ** 2).sum(-1)[np.triu_indices(40, 1)]
    width = np.median(pairs)
    xx, yy, xy = kernel(x, x, width), kernel(y, y, width), kernel(x, y, width)
    wanted = (xx.sum() - 40) / (40 * 39) + (yy.sum() - 30) / (30 * 29) - 2 * xy.mean()
    assert found == pytest.approx(wanted, abs=1e-4)


def test_without_change_p_values_are_spread_evenly():
    found = [
        MeanDiscrepancy().measure(cloud(2 * seed, 60), cloud(2 * seed + 1, 60), explain=True).p_value
        for seed in range(60)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=0.13)
    assert np.mean(np.asarray(found) < 0.1) < 0.25


def test_a_cloud_that_spreads_out_is_seen_though_its_middle_stays():
    found = MeanDiscrepancy().measure(cloud(0, 300), cloud(1, 300, stretch=1.4), explain=True)
    assert found.p_value < 0.01
    assert found.effect > MeanDiscrepancy.least_effect


def test_the_dimensions_that_moved_are_named():
    window = cloud(1, 300).with_columns(e5=pl.col("e5") + 1.0)
    assert MeanDiscrepancy().measure(cloud(0, 300), window, explain=True).columns[0]["column"] == "e5"
