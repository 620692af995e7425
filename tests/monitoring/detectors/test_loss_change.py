"""Changes of the mean of a stream, by river."""

import sys

import numpy as np
import pytest

from loopwright.errors import MissingExtraError
from loopwright.monitoring.detectors.loss_change import loss_changes, scaled_losses

METHODS = ["adwin", "page_hinkley", "ddm"]


def losses(rates, n=2_000, seed=0):
    rng = np.random.default_rng(seed)
    return np.concatenate([(rng.random(n) < rate).astype(float) for rate in rates])


@pytest.mark.parametrize("method", METHODS)
def test_a_rise_is_found_soon_after_it_came(method):
    pytest.importorskip("river", reason="river is not installed")
    found = loss_changes(losses([0.1, 0.4]), method)
    rise = next(change for change in found if change.at >= 2_000)
    assert rise.at < 2_700
    assert rise.rose
    assert rise.after > rise.before + 0.15


@pytest.mark.parametrize("method", METHODS)
def test_nothing_is_found_in_nothing(method):
    pytest.importorskip("river", reason="river is not installed")
    assert loss_changes(np.empty(0), method) == ()
    assert loss_changes(np.zeros(1_000), method) == ()


def test_without_river_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "river", None)
    with pytest.raises(MissingExtraError) as raised:
        loss_changes(np.zeros(3), "adwin")
    assert "loopwright[river]" in str(raised.value.fix)


def test_the_unit_of_errors_is_of_the_oldest_only():
    errors = np.concatenate([np.full(100, 2.0), np.full(50, 5.0)])
    assert scaled_losses(errors, first=100).tolist() == [1.0] * 150
    assert scaled_losses(np.asarray([1.0, 2.0, 3.0]), first=3)[0] == pytest.approx(1 / 2.98, abs=1e-3)
    assert scaled_losses(np.zeros(4), first=2).tolist() == [0.0] * 4
