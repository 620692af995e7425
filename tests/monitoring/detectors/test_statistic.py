"""What every statistic of a column keeps to, whatever the column holds: quiet on the same data, loud on what it is for,
and never an exception."""

import msgspec
import numpy as np
import pytest

from loopwright.core.verdict import Outcome
from loopwright.monitoring.bins import category_bins, numeric_bins
from loopwright.monitoring.detectors.catalogue import FAMILY_SHARES, MEASURES, STATISTICS
from loopwright.monitoring.detectors.statistic import Sample
from loopwright.monitoring.reference import LABEL, PREDICTION, Reference, plain_column
from loopwright.monitoring.report_rule import Ruling, judge_window
from loopwright.monitoring.window import Window, count_blocks

N = 4_000
CATEGORY = ("levels", "new_levels", "lost_levels")


def numbers(seed, rows=N, **moved):
    rng = np.random.default_rng(seed)
    values = moved.get("scale", 1.0) * rng.normal(size=rows) + moved.get("shift", 0.0)
    values[rng.random(rows) < moved.get("missing", 0.02)] = np.nan
    return values


def codes(seed, rows=N, shares=(0.4, 0.3, 0.28, 0.02)):
    return np.random.default_rng(seed).choice(len(shares), size=rows, p=shares).astype(float)


def reference_of(values, name="c", *, category=False):
    bins = category_bins(values, 4) if category else numeric_bins(values)
    column = plain_column(name, values, bins.place(values), bins=bins)
    return Reference(task="regression", columns=(column,), quality={}, rows=values.size, blocks=0, timed=False)


def sample_of(reference, values):
    column = reference.columns[0]
    return Sample(counts=np.bincount(column.bins.place(values), minlength=column.bins.count).astype(float))


def window_of(reference, values, block=0):
    return count_blocks({"c": values}, np.full(values.size, block), reference)


def planted(name):
    """A change that the statistic is for."""
    moves = {
        "spread": numbers(1, scale=1.4),
        "missing": numbers(1, missing=0.1),
        "levels": codes(1, shares=(0.3, 0.4, 0.28, 0.02)),
        "new_levels": np.where(np.arange(N) % 20 == 0, 4.0, codes(1)),
        "lost_levels": codes(1, shares=(0.42, 0.3, 0.28, 0.0)),
    }
    return moves.get(name, numbers(1, shift=0.5))


@pytest.fixture(params=STATISTICS, ids=lambda statistic: statistic.name)
def statistic(request):
    return request.param


def base(statistic):
    category = statistic.name in CATEGORY
    return reference_of(codes(0) if category else numbers(0), category=category)


def alike(statistic):
    return codes(2) if statistic.name in CATEGORY else numbers(2)


def test_names_are_unique_and_families_share_out_all_of_alpha():
    names = [statistic.name for statistic in STATISTICS]
    assert len(set(names)) == len(names)
    assert sum(FAMILY_SHARES.values()) == pytest.approx(1.0)
    assert {s.family for s in STATISTICS} - {None} == set(FAMILY_SHARES) - {"pairs"}
    assert set(MEASURES) == {"ks", "psi", "jensen_shannon", "wasserstein"}


def test_the_reference_itself_and_rows_like_it_are_quiet(statistic):
    reference = base(statistic)
    column = reference.columns[0]
    same = statistic.measure(column, Sample(counts=np.asarray(column.counts, dtype=float)))
    assert abs(same.effect) < 1e-9
    assert not same.p_value < 0.9
    other = statistic.measure(column, sample_of(reference, alike(statistic)))
    assert abs(other.effect) < statistic.floor
    assert not other.p_value < 1e-4
    assert other.said


def test_a_planted_change_is_over_the_floor_and_no_chance(statistic):
    reference = base(statistic)
    found = statistic.measure(reference.columns[0], sample_of(reference, planted(statistic.name)))
    assert abs(found.effect) >= statistic.floor
    assert statistic.family is None or found.p_value < 1e-6
    verdict = judge_window(
        reference,
        window_of(reference, planted(statistic.name)),
        Ruling(measure=statistic.name if statistic.family is None else None),
    )
    assert verdict.moved == ("c",)
    assert verdict.outcome is Outcome.WARN


def test_the_measure_grows_with_the_change_and_the_p_value_falls_with_rows(statistic):
    reference = base(statistic)
    column, far = reference.columns[0], planted(statistic.name)
    half = np.where(np.random.default_rng(3).random(N) < 0.5, far, alike(statistic))
    if statistic.name != "lost_levels":
        assert abs(statistic.measure(column, sample_of(reference, half)).effect) < abs(
            statistic.measure(column, sample_of(reference, far)).effect
        )
    few = statistic.measure(column, sample_of(reference, far[:400])).p_value
    many = statistic.measure(column, sample_of(reference, far)).p_value
    assert statistic.family is None or many < few


def test_rows_that_are_alike_count_for_less(statistic):
    if statistic.family is None:
        pytest.skip("a figure has no test")
    reference = base(statistic)
    column, sample = reference.columns[0], sample_of(reference, planted(statistic.name))
    less = msgspec.structs.replace(sample, worth_reference=0.1, worth_current=0.1)
    assert statistic.measure(column, less).p_value > statistic.measure(column, sample).p_value
    assert statistic.measure(column, less).effect == pytest.approx(statistic.measure(column, sample).effect, abs=1e-3)


ODD = {
    "one row": np.array([0.5]),
    "constant": np.full(N, 1.0),
    "all missing": np.full(N, np.nan),
    "infinite": np.full(N, np.inf),
}


@pytest.mark.parametrize("before", list(ODD))
@pytest.mark.parametrize("now", list(ODD))
def test_nothing_that_a_number_holds_is_an_exception(before, now):
    reference = reference_of(ODD[before])
    findings = judge_window(reference, window_of(reference, ODD[now]))
    assert msgspec.json.encode(findings)
    if "one row" in (before, now):
        assert findings.outcome is Outcome.UNKNOWN
        assert "30 are needed" in findings.reason
    if before == now != "one row":
        assert findings.outcome is Outcome.PASS


@pytest.mark.parametrize("before", ["one row", "constant", "all missing"])
@pytest.mark.parametrize("now", ["one row", "constant", "all missing"])
def test_nothing_that_a_category_holds_is_an_exception(before, now):
    odd = {"one row": np.array([1.0]), "constant": np.full(N, 1.0), "all missing": np.full(N, -1.0)}
    reference = reference_of(odd[before], category=True)
    findings = judge_window(reference, window_of(reference, odd[now]))
    assert msgspec.json.encode(findings)
    if before == now != "one row":
        assert findings.outcome is Outcome.PASS


def test_a_reference_of_ten_rows_is_unknown_and_an_empty_window_too():
    small = judge_window(reference_of(numbers(0, 10)), window_of(reference_of(numbers(0)), numbers(1)))
    assert small.outcome is Outcome.UNKNOWN
    assert small.reason == "the reference has 10 rows, 30 are needed"
    empty = judge_window(reference_of(numbers(0)), Window())
    assert (empty.outcome, empty.reason) == (Outcome.UNKNOWN, "the window has no rows")


def test_what_became_of_a_column_is_said():
    reference = reference_of(numbers(0))
    other = msgspec.structs.replace(
        reference,
        columns=tuple(
            msgspec.structs.replace(reference.columns[0], name=name) for name in ("c", "d", PREDICTION, LABEL)
        ),
    )
    window = window_of(other, numbers(1))
    found = {column.column: column for column in judge_window(other, window).columns}
    assert (found["d"].state, found["d"].moved, found["d"].said) == ("absent", True, "no rows have this column")
    assert (found[LABEL].state, found[LABEL].moved) == ("too_few", False)
    text = msgspec.structs.replace(window_of(reference, np.full(N, np.nan)), misfits={"c": {0: N}})
    (column,) = judge_window(reference, text).columns
    assert (column.state, column.moved) == ("changed_type", True)
    (column,) = judge_window(reference, window_of(reference, np.full(N, np.nan))).columns
    assert (column.state, column.moved) == ("all_missing", True)
    assert column.said == "every value is missing; missing 1.7% → 100.0%"
    (column,) = judge_window(reference, window_of(reference, np.full(N, 0.3))).columns
    assert (column.state, column.moved) == ("became_constant", True)
