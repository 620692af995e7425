import math

import numpy as np
import pytest

from loopwright.stats.sample_ratio import log_evidence


def test_no_unit_is_no_evidence():
    assert log_evidence([0, 0], [0.5, 0.5]) == pytest.approx(0.0)


def test_a_broken_proportion_is_found_and_a_kept_one_is_not():
    assert log_evidence([5_000, 5_500], [0.5, 0.5]) > math.log(1_000)
    assert log_evidence([5_000, 5_050], [0.5, 0.5]) < 0.0
    assert log_evidence([9_000, 1_000], [0.9, 0.1]) < 0.0
    assert log_evidence([9_000, 600, 400], [0.9, 0.05, 0.05]) > math.log(1_000)


def test_asked_after_every_unit_it_errs_at_most_at_the_stated_rate():
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(300):
        counts = np.stack([np.bincount(rng.choice(3, size=40, p=[0.6, 0.3, 0.1]), minlength=3) for _ in range(50)])
        wrong += any(log_evidence(seen, [0.6, 0.3, 0.1]) >= math.log(20) for seen in counts.cumsum(axis=0).tolist())
    assert wrong / 300 <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / 300)


@pytest.mark.parametrize(("counts", "shares"), [([1], [0.5, 0.5]), ([1, 1], [0.0, 1.0]), ([1, 1], [0.5, 0.4])])
def test_shares_that_are_none_are_refused(counts, shares):
    with pytest.raises(ValueError, match="do not go with"):
        log_evidence(counts, shares)
