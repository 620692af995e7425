"""Whether a reference's rows are independent, from the scatter of its days."""

import numpy as np
import pytest

from loopwright.monitoring.independence import independence, reference_independence


def table(rng, blocks, rows, likeness):
    """(blocks, 4) counts whose shares vary from block to block with that correlation of two rows (Dirichlet)."""
    shares = np.array([0.4, 0.3, 0.2, 0.1])
    daily = rng.dirichlet(shares * (1 / likeness - 1), size=blocks) if likeness else np.tile(shares, (blocks, 1))
    return np.stack([rng.multinomial(rows, day) for day in daily]).astype(float)


def test_independent_rows_pass_nearly_always():
    rng, dependent = np.random.default_rng(0), 0
    for _ in range(200):
        found = independence({f"c{i}": table(rng, 60, 100, 0.0) for i in range(5)})
        dependent += not found.independent
    assert dependent <= 8


def test_rows_of_a_day_that_are_alike_are_seen_and_measured():
    rng = np.random.default_rng(1)
    found = independence({"plain": table(rng, 90, 400, 0.0), "storms": table(rng, 90, 400, 0.02)})
    assert found.independent is False
    assert found.column == "storms"
    assert found.likeness == pytest.approx(0.02, rel=0.4)
    assert found.over_dispersion == pytest.approx(1 + 399 * found.likeness, rel=0.05)
    assert "storms scatters" in found.reason


def test_too_few_blocks_constants_and_rare_bins_are_not_judged(world, refer):
    rng = np.random.default_rng(2)
    assert independence({"few": table(rng, 9, 100, 0.5)}).independent is None
    assert independence({"constant": np.full((30, 1), 50.0)}).independent is None
    rare = np.column_stack((np.full(30, 50.0), rng.poisson(0.02, size=30)))
    assert independence({"rare": rare}).independent in (None, True)
    assert reference_independence(refer(world.days(0, 30), timed=False)).independent is None


def test_a_references_days_are_compared(make_world, refer):
    assert reference_independence(refer(make_world(0).days(0, 60))).column == "delay"
    assert reference_independence(refer(make_world(0).days(0, 60))).independent is False
