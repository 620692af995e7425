"""The incident rule over windows of rows: quiet for as long as it says, awake soon, told what moved, and resumable."""

import msgspec
import numpy as np
import polars as pl
import pytest

from loopwright.core.schema import Column, Signature
from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.row_bets import RowBets, RowBetsState
from loopwright.monitoring.reference import LABEL, PREDICTION, build_reference
from loopwright.monitoring.window import Window, count_blocks, merge

SIGNATURE = Signature(
    task="binary",
    request=(),
    features=(
        Column(name="age", kind="float", nullable=True),
        Column(name="income", kind="float", nullable=True),
        Column(name="flat", kind="float", nullable=True),
        Column(name="plan", kind="category", categories=("a", "b", "c", "d", "e")),
    ),
    classes=(False, True),
    label="left",
)
SHARES = (0.2, 0.3, 0.25, 0.15, 0.1)


def rows_of(rng, n, *, shift=0.0, scale=1.0, shares=SHARES, missing=0.02, correlation=0.5):
    age = rng.normal(size=n)
    income = correlation * age + np.sqrt(1 - correlation**2) * rng.normal(size=n)
    age = scale * age + shift
    age[rng.random(n) < missing] = np.nan
    score = rng.random(n)
    return {
        "age": age,
        "income": income,
        "flat": np.ones(n),
        "plan": rng.choice(5, size=n, p=shares).astype(float),
        PREDICTION: score,
        LABEL: (rng.random(n) < score).astype(float),
    }


def reference_of(n=10_000, seed=0):
    rows = rows_of(np.random.default_rng(seed), n)
    features = pl.DataFrame({name: rows[name] for name in ("age", "income", "flat", "plan")})
    return build_reference(
        features, rows[PREDICTION], rows[LABEL].astype(bool), event_time=None, signature=SIGNATURE, quality={}
    )


@pytest.fixture(scope="module")
def reference():
    return reference_of()


def window_of(reference, rows, block):
    return count_blocks(rows, np.full(rows["age"].size, block, dtype=np.int64), reference)


def watch(reference, *, windows, n=500, seed=1, stop=True, detector=None, **moved):
    """The state after some windows and the rows until the first alarm, or None."""
    rng, detector = np.random.default_rng(seed), detector or RowBets(reference)
    state = detector.start()
    for block in range(windows):
        state = detector.update(state, window_of(reference, rows_of(rng, n, **moved), block), through=block + 1)
        if stop and detector.verdict(state).outcome is Outcome.FAIL:
            return state, (block + 1) * n
    return state, None


@pytest.mark.parametrize(
    ("moved", "named", "figure", "within"),
    [
        ({"shift": 0.3}, "age", "place", 1_500),
        ({"scale": 1.5}, "age", "spread", 1_500),
        ({"shares": (0.3, 0.2, 0.25, 0.15, 0.1)}, "plan", "level", 2_000),
        ({"missing": 0.08}, "age", "missing", 2_000),
        ({"correlation": 0.1}, "age ~ income", "dependence", 2_000),
    ],
)
def test_a_change_is_found_soon_and_named(reference, moved, named, figure, within):
    state, rows = watch(reference, windows=10, **moved)
    assert rows is not None
    assert rows <= within
    verdict = RowBets(reference).verdict(state)
    assert verdict.details["named"][0] == named
    assert verdict.details["columns"][0]["figure"].startswith(figure)
    assert named in verdict.reason
    assert verdict.value >= verdict.threshold == 1_000
    assert msgspec.json.encode(verdict)


def test_an_alarm_says_which_way_and_how_far(reference):
    detector = RowBets(reference)
    for shift, sign in ((0.5, 1), (-0.5, -1)):
        state, _ = watch(reference, windows=5, shift=shift)
        assert detector.verdict(state).details["columns"][0]["effect"] == pytest.approx(sign * 0.48, abs=0.12)


def test_nothing_is_said_where_nothing_changed(reference):
    state, rows = watch(reference, windows=150)
    assert rows is None
    verdict = RowBets(reference).verdict(state)
    assert (verdict.outcome, verdict.n, verdict.details["rows"]) == (Outcome.PASS, 150, 75_000)


def test_the_stated_rate_holds_over_many_references():
    alarms = 0
    for seed in range(8):
        reference = reference_of(1_000, seed)
        detector = RowBets(reference, mean_time_between_false_alarms=50, least_effect=0.0)
        alarms += watch(reference, windows=50, n=200, seed=100 + seed, detector=detector)[1] is not None
    assert alarms <= 8  # eight times 50 windows at one in 50


def test_the_error_of_a_reference_smaller_than_the_window_is_no_alarm():
    for seed in range(6):
        reference = reference_of(300, seed)
        detector = RowBets(reference, least_effect=0.0)
        assert watch(reference, windows=5, n=5_000, seed=50 + seed, detector=detector)[1] is None


@pytest.mark.slow
@pytest.mark.parametrize(("n", "windows"), [(500, 3_000), (5_000, 600)])
def test_false_alarms_stay_as_rare_as_stated_in_a_long_stream(n, windows):
    reference = reference_of(5_000, 3)
    detector, rng, alarms = RowBets(reference, least_effect=0.0), np.random.default_rng(4), 0
    state = detector.start()
    for block in range(windows):
        state = detector.update(state, window_of(reference, rows_of(rng, n), block), through=block + 1)
        if detector.verdict(state).outcome is Outcome.FAIL:
            alarms, state = alarms + 1, detector.reset(state)
    assert alarms <= max(1, windows // 1_000)


def test_a_proven_but_immaterial_shift_opens_nothing_unless_asked():
    reference = reference_of(100_000)
    for least_effect, alarmed in ((0.15, False), (0.0, True)):
        detector = RowBets(reference, least_effect=least_effect)
        _, rows = watch(reference, windows=8, n=50_000, shift=0.09, detector=detector)
        assert (rows is not None) is alarmed


def test_evidence_fades_within_a_few_windows_when_the_stream_comes_back(reference):
    detector = RowBets(reference)
    state, _ = watch(reference, windows=12, shift=1.0, stop=False)
    assert detector.verdict(state).outcome is Outcome.FAIL
    rng = np.random.default_rng(9)
    for block in range(12, 20):
        state = detector.update(state, window_of(reference, rows_of(rng, 500), block), through=block + 1)
    assert detector.verdict(state).outcome is Outcome.PASS


def test_a_stream_that_stays_moved_does_not_become_the_usual_one(reference):
    detector = RowBets(reference)
    state, _ = watch(reference, windows=120, shift=1.0, stop=False)
    assert detector.verdict(state).outcome is Outcome.FAIL
    assert sum(state.numbers) < 3 * 500 * 4


def test_windows_are_judged_once_in_any_number_of_steps(reference):
    rng, detector = np.random.default_rng(2), RowBets(reference)
    whole = Window()
    for block in range(6):
        whole = merge(whole, window_of(reference, rows_of(rng, 300, shift=0.2), block))
    at_once = detector.update(detector.start(), whole, through=6)
    state = detector.start()
    for through in (2, 2, 5, 6):
        state = detector.update(msgspec.convert(msgspec.to_builtins(state), RowBetsState), whole, through=through)
    assert state == at_once
    assert at_once.windows == 6
    assert detector.update(detector.start(after=5), whole, through=6).windows == 0
    assert detector.update(detector.start(after=3), whole, through=6).windows == 2


def test_labels_that_come_later_are_judged_when_they_come_and_count_no_window_twice(reference):
    rows = rows_of(np.random.default_rng(5), 400)
    detector = RowBets(reference)
    early = window_of(reference, {n: v for n, v in rows.items() if n != LABEL}, 0)
    state = detector.update(detector.start(), early, through=1)
    late = detector.update(state, window_of(reference, rows, 0), through=1)
    assert LABEL not in state.judged
    assert late.judged[LABEL] == 0
    assert late.windows == state.windows == 1
    assert late.numbers == state.numbers
    of_features = 3 * 4 * 10  # three numbers, four components, ten stakes
    assert late.log_sums[:of_features] == state.log_sums[:of_features]
    assert late.log_sums != state.log_sums


def test_one_row_a_column_gone_all_null_and_constant_are_no_error(reference):
    detector, rng = RowBets(reference), np.random.default_rng(6)
    one = detector.update(detector.start(), window_of(reference, rows_of(rng, 1), 0), through=1)
    assert detector.verdict(one).outcome is Outcome.PASS
    rows = rows_of(rng, 500)
    rest = {n: v for n, v in rows.items() if n != "age"}
    gone = detector.update(one, count_blocks(rest, np.ones(500, dtype=np.int64), reference), through=2)
    assert gone.judged["age"] == 0
    assert detector.verdict(gone).outcome is Outcome.PASS
    null = detector.update(gone, window_of(reference, rows | {"age": np.full(500, np.nan)}, 2), through=3)
    assert detector.verdict(null).details["named"] == ["age"]
    assert "missing share of age" in detector.verdict(null).reason
    same = detector.update(gone, window_of(reference, rows | {"income": np.zeros(500)}, 2), through=3)
    assert "income" in detector.verdict(same).details["named"]


def test_a_reference_of_ten_rows_and_no_window_yet_are_unknown(reference):
    small = reference_of(10)
    state, _ = watch(small, windows=3, shift=9.0)
    verdict = RowBets(small).verdict(state)
    assert verdict.outcome is Outcome.UNKNOWN
    assert "10 rows, 100 are needed" in verdict.reason
    assert RowBets(reference).verdict(RowBets(reference).start()).outcome is Outcome.UNKNOWN


def test_a_reset_forgets_the_evidence_and_keeps_what_was_learned(reference):
    detector = RowBets(reference)
    state, _ = watch(reference, windows=4, n=300)
    again = detector.reset(state)
    assert detector.verdict(again).outcome is Outcome.UNKNOWN
    assert (again.numbers, again.judged) == (state.numbers, state.judged)
    assert max(again.log_sums) == -700.0


def test_only_the_named_columns_are_watched(reference):
    detector = RowBets(reference, columns=("plan",))
    _, rows = watch(reference, windows=8, shift=3.0, detector=detector)
    assert rows is None


def test_a_state_of_other_columns_is_not_accepted(reference):
    assert RowBets(reference).accepts(RowBets(reference).start())
    assert not RowBets(reference).accepts(RowBets(reference, columns=("plan",)).start())
