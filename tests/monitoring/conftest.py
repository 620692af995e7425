"""A small world: 60 days of a numeric feature, a category and a score, and ways to move it."""

import numpy as np
import polars as pl
import pytest

from loopwright.core.schema import Column, Signature
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, build_reference
from loopwright.monitoring.window import summarise

SIGNATURE = Signature(
    task="binary",
    request=(),
    features=(
        Column(name="delay", kind="float", nullable=True),
        Column(name="carrier", kind="category", categories=("AA", "B6", "UA")),
    ),
    classes=(False, True),
    label="late",
)


class World:
    """Draws days; `memory` is the lag-1 correlation of the daily mean of `delay`."""

    def __init__(self, seed=0, memory=0.0, rows=200):
        self.rng = np.random.default_rng(seed)
        self.memory = memory
        self.rows = rows
        self.level = 0.0

    def day(self, number, *, shift=0.0, missing=0.0, carriers=(0.5, 0.3, 0.2), rows=None, rise=0.0):
        rng, n = self.rng, rows or self.rows
        self.level = self.memory * self.level + np.sqrt(1 - self.memory**2) * rng.normal()
        delay = rng.normal(size=n) + 0.5 * self.level + shift
        delay[rng.random(n) < missing] = np.nan
        score = np.clip(0.3 + 0.1 * rng.normal(size=n) + rise, 0, 1)
        return {
            "delay": delay,
            "carrier": rng.choice(3, size=n, p=carriers).astype(float),
            PREDICTION: score,
            LABEL: (rng.random(n) < score).astype(float),
            "event_time": number * DAY + np.sort(rng.integers(0, DAY, size=n)),
        }

    def days(self, first, count, **moved):
        parts = [self.day(first + i, **moved) for i in range(count)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def reference_of(rows, *, timed=True, quality=None):
    features = pl.DataFrame({"delay": rows["delay"], "carrier": rows["carrier"].astype(np.int32)})
    return build_reference(
        features,
        rows[PREDICTION],
        rows[LABEL].astype(bool),
        event_time=rows["event_time"] if timed else None,
        signature=SIGNATURE,
        quality=quality or {"roc_auc": 0.75},
    )


def window_of(rows, reference):
    return summarise({name: rows[name] for name in rows if name != "event_time"}, rows["event_time"], reference)


@pytest.fixture
def world():
    return World()


@pytest.fixture
def make_world():
    return World


@pytest.fixture
def signature():
    return SIGNATURE


@pytest.fixture
def refer():
    return reference_of


@pytest.fixture
def count():
    return window_of
