"""Rows as a model sees them, with labels, and the check that every family's test makes."""

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.own_method import own_method

SIZES = (1, 2, 5, 7, 256)
WIDTH = 6


class Data:
    """500 rows of six columns, the last of category codes; `value` to regress, `two` and `three` classes."""

    def __init__(self, *, nulls: bool = False) -> None:
        rng = np.random.default_rng(3)
        self.x = rng.normal(size=(500, WIDTH)) * [1, 5, 0.1, 100, 1, 1]
        self.x[:, 5] = rng.integers(-1, 4, 500)
        self.value = self.x[:, 0] + self.x[:, 1] * self.x[:, 2] + 0.3 * self.x[:, 5]
        self.two = self.value > 0
        self.three = np.digitize(self.value, [-0.7, 0.7])
        if nulls:
            self.x[rng.random(self.x.shape) < 0.1] = np.nan


@pytest.fixture
def data() -> Data:
    return Data()


@pytest.fixture
def data_with_nulls() -> Data:
    return Data(nulls=True)


def asked(*, nulls: bool, seed: int = 11) -> Iterator[np.ndarray]:
    """Rows that no model has seen, of every size, with unseen categories."""
    rng = np.random.default_rng(seed)
    for size in SIZES:
        rows = rng.normal(size=(size, WIDTH)) * [2, 5, 0.1, 300, 1, 1]
        rows[:, 5] = rng.integers(-1, 6, size)
        if nulls:
            rows[rng.random(rows.shape) < 0.3] = np.nan
        yield rows


@pytest.fixture
def same() -> Callable[..., None]:
    """Checks that the direct call of a model and a reference give equal answers, bit for bit."""

    def check(
        model: Any, *, nulls: bool = False, reference: Callable[[Any], Any] | None = None, direct: bool = True
    ) -> None:
        call = native_call(model, 1)
        assert call is not None
        assert ("own_method" not in getattr(call, "__module__", "")) == direct
        reference = reference or own_method(model)
        for rows in asked(nulls=nulls):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                expected = np.asarray(reference(rows), dtype=np.float64)
            found = call(rows)
            assert found.dtype == np.float64
            np.testing.assert_array_equal(found, expected)

    return check
