"""Betting tests of a mean: the error rate holds under peeking, power is near the best possible, state resumes."""

import msgspec
import numpy as np
import pytest

from loopwright.stats.sequential import MeanTest, mean_test, needed, update, update_counts


def false_rejections(rng, runs, n, draw, bound, direction, low=0.0, high=1.0):
    wrong = 0
    for _ in range(runs):
        state = mean_test(bound, direction=direction, low=low, high=high)
        for part in np.split(draw(rng, n), 20):
            state = update(state, part)
        wrong += state.rejects(0.05)
    return wrong / runs


NULLS = {
    "rare errors": (lambda rng, n: (rng.random(n) < 0.02) * 1.0, 0.02, 0.0, 1.0),
    "coins": (lambda rng, n: (rng.random(n) < 0.5) * 1.0, 0.5, 0.0, 1.0),
    "differences": (lambda rng, n: rng.choice([-1.0, 0.0, 1.0], size=n, p=[0.05, 0.9, 0.05]), 0.0, -1.0, 1.0),
    "skewed": (lambda rng, n: rng.beta(0.2, 1.8, size=n), 0.1, 0.0, 1.0),
}


@pytest.mark.parametrize("direction", ["above", "below"])
@pytest.mark.parametrize("case", sorted(NULLS))
def test_peeking_twenty_times_errs_at_most_at_the_stated_rate(case, direction):
    draw, bound, low, high = NULLS[case]
    rate = false_rejections(np.random.default_rng(0), 300, 1000, draw, bound, direction, low, high)
    assert rate <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


@pytest.mark.slow
@pytest.mark.parametrize("direction", ["above", "below"])
@pytest.mark.parametrize("case", sorted(NULLS))
def test_the_error_rate_holds_over_many_long_runs(case, direction):
    draw, bound, low, high = NULLS[case]
    assert false_rejections(np.random.default_rng(1), 3000, 10_000, draw, bound, direction, low, high) <= 0.055


def test_a_higher_error_rate_is_proven_within_a_few_times_the_ideal_number_of_requests():
    rng = np.random.default_rng(2)
    needed = []
    for _ in range(50):
        state = mean_test(0.02, direction="above")
        while not state.rejects(0.05):
            state = update_counts(state, int((rng.random(20) < 0.10).sum()), 20)
        needed.append(state.n)
    ideal = np.log(20) / (0.1 * np.log(5) + 0.9 * np.log(0.9 / 0.98))
    assert np.mean(needed) < 3 * ideal


def test_non_inferiority_is_proven_when_the_rate_lies_under_the_margin():
    state = update_counts(mean_test(0.05, direction="below"), 10, 1000)
    assert state.rejects(0.05)
    assert not update_counts(mean_test(0.05, direction="below"), 60, 1000).rejects(0.05)


def test_counts_and_values_in_any_order_give_the_same_state():
    values = np.array([0.0, 1.0, 0.0, 0.0, 1.0])
    start = mean_test(0.3, direction="above")
    whole = update(start, values)
    counted = update_counts(start, 2, 5)
    backwards = update(start, values[::-1])
    assert whole.log_capitals == pytest.approx(counted.log_capitals)
    assert whole.log_capitals == pytest.approx(backwards.log_capitals)
    assert (whole.n, whole.mean) == (counted.n, counted.mean) == (5, pytest.approx(0.4))


def test_state_survives_json_and_goes_on_as_if_nothing_happened():
    rng = np.random.default_rng(3)
    first, second = rng.random(40), rng.random(40)
    start = mean_test(0.4, direction="above")
    halfway = msgspec.json.decode(msgspec.json.encode(update(start, first)), type=MeanTest)
    assert update(halfway, second) == update(update(start, first), second)


def test_a_rejection_stands_when_the_evidence_fades():
    state = update_counts(mean_test(0.1, direction="above"), 20, 20)
    faded = update_counts(state, 0, 2000)
    assert faded.log_e < 0
    assert faded.rejects(0.05)
    assert faded.p_value == state.p_value


def test_no_value_is_no_evidence():
    state = mean_test(0.1, direction="above")
    assert update(state, np.array([])) == update_counts(state, 0, 0) == state
    assert (state.p_value, state.log_e) == (1.0, 0.0)
    assert np.isnan(state.mean)


@pytest.mark.parametrize("values", [[np.nan], [-0.1], [1.1]])
def test_values_that_would_void_the_guarantee_are_refused(values):
    with pytest.raises(ValueError, match="must lie in"):
        update(mean_test(0.5, direction="above"), np.array(values))


def test_bounds_and_counts_without_meaning_are_refused():
    with pytest.raises(ValueError, match="strictly between"):
        mean_test(0.0, direction="above")
    with pytest.raises(ValueError, match="not a count"):
        update_counts(mean_test(0.5, direction="above"), 3, 2)


def test_the_weight_on_the_greatest_stake_proves_sooner_what_never_varies():
    def zeros_until(sure):
        state = mean_test(0.01, direction="below", sure=sure)
        while not state.rejects(0.01):
            state = update_counts(state, 0, 10)
        return state.n

    assert zeros_until(0.25) < 0.85 * zeros_until(0.0)


def test_a_narrower_range_of_stakes_proves_sooner_with_the_same_guarantee():
    rng = np.random.default_rng(5)
    wide, narrow = (mean_test(0.0, direction="below", low=-2.0, sure=0.0, least=least) for least in (0.002, 0.08))
    assert len(narrow.log_capitals) < len(wide.log_capitals) / 2
    values = (rng.random(4_000) < 0.05) - 2.0 * (rng.random(4_000) < 0.05)
    assert update(narrow, values).log_e > update(wide, values).log_e
    draw = lambda rng, n: (rng.random(n) < 0.10) - 2.0 * (rng.random(n) < 0.05)  # noqa: E731
    wrong = 0
    for _ in range(300):
        state = narrow
        for part in np.split(draw(rng, 2_000), 20):
            state = update(state, part)
        wrong += state.rejects(0.05)
    assert wrong / 300 <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 300)


def test_how_many_values_are_needed_is_about_what_it_takes():
    rng = np.random.default_rng(4)
    start = mean_test(0.05, direction="below")
    foreseen = needed(start, np.array([0.0, 1.0]), np.array([0.98, 0.02]), alpha=0.01)
    seen = []
    for _ in range(60):
        state = start
        while not state.rejects(0.01):
            state = update_counts(state, int((rng.random(10) < 0.02).sum()), 10)
        seen.append(state.n)
    assert 0.7 * foreseen < np.median(seen) < 1.4 * foreseen


def test_what_lies_on_the_wrong_side_never_suffices():
    assert needed(mean_test(0.05, direction="below"), np.array([0.0, 1.0]), np.array([0.9, 0.1]), alpha=0.01) is None


def test_stakes_without_meaning_are_refused():
    with pytest.raises(ValueError, match="no stake"):
        mean_test(0.5, direction="above", least=1.0)
