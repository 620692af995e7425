"""Evidence about a level: rare without a change, soon with one, whenever one looks."""

import numpy as np
import pytest

from loopwright.stats.level import level_evidence, step_memory

A = np.log(1_000)


def remembering(rng, n, memory):
    fresh, made = rng.normal(size=n), np.empty(n)
    made[0] = fresh[0]
    for i in range(1, n):
        made[i] = memory * made[i - 1] + np.sqrt(1 - memory**2) * fresh[i]
    return made


@pytest.mark.parametrize("memory", [0.0, 0.4])
def test_a_level_below_its_bound_is_hardly_ever_called_above(memory):
    rng = np.random.default_rng(1)
    alarms = sum(bool((level_evidence(remembering(rng, 400, memory) - 0.3).log_evidence >= A).any()) for _ in range(60))
    assert alarms <= 6  # 24,000 days


def test_a_level_exactly_at_its_bound_keeps_the_stated_time():
    rng = np.random.default_rng(2)
    alarms = sum(bool((level_evidence(rng.normal(size=200)).log_evidence >= A).any()) for _ in range(100))
    assert alarms <= 20  # once in a thousand days would be 18 of a hundred


def test_a_level_above_is_found_soon_and_dated():
    rng = np.random.default_rng(3)
    series = rng.normal(size=80) - 0.5
    series[50:] += 2.5
    found = level_evidence(series)
    assert (found.log_evidence[:50] < A).all()
    assert found.now >= A
    assert abs(found.begins - 50) <= 4


def test_no_day_alone_raises_an_alarm():
    rng = np.random.default_rng(4)
    series = rng.normal(size=40) - 0.5
    series[-1] = 1e6
    assert level_evidence(series).now < A


def test_a_week_or_less_says_nothing():
    assert level_evidence(np.full(6, 5.0)).now == float("-inf")
    assert level_evidence(np.empty(0)).now == float("-inf")
    assert level_evidence(np.ones(50)).now == float("-inf")  # without any spread nothing can be standardised


def test_evidence_does_not_hang_on_the_scale():
    series = np.random.default_rng(5).normal(size=60) + 0.5
    assert level_evidence(series * 1e-6).now == pytest.approx(level_evidence(series).now)


def test_memory_is_told_from_a_step():
    rng = np.random.default_rng(6)
    step = rng.normal(size=200)
    step[100:] += 3
    assert step_memory(step) < 0.25
    assert step_memory(remembering(rng, 400, 0.6)) == pytest.approx(0.6, abs=0.15)
    assert step_memory(np.zeros(30)) == 0.0
    assert step_memory(rng.normal(size=5)) == 0.0
