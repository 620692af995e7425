"""The report rule: quiet at its stated rate, and each colour with an effect and a p-value."""

import msgspec
import numpy as np
import polars as pl
import pytest

from loopwright.core.schema import Column, Signature
from loopwright.core.verdict import Outcome
from loopwright.monitoring.bins import category_bins, numeric_bins
from loopwright.monitoring.findings import Findings
from loopwright.monitoring.reference import DAY, Reference, build_reference, plain_column, reference_pairs
from loopwright.monitoring.report_rule import Ruling, judge_window
from loopwright.monitoring.window import count_blocks, summarise


def table(rng, rows, *, shift=0.0, link=0.5):
    """Eight numbers of which two are linked, and four categories."""
    z = rng.normal(size=(rows, 8))
    z[:, 1] = link * z[:, 0] + np.sqrt(1 - link**2) * z[:, 1]
    z[:, 2] += shift
    z[rng.random(rows) < 0.02, 3] = np.nan
    found = {f"n{i}": z[:, i] for i in range(8)}
    return found | {f"c{i}": rng.choice(5, size=rows, p=(0.3, 0.3, 0.2, 0.15, 0.05)).astype(float) for i in range(4)}


def reference_of(columns):
    bins = {n: numeric_bins(v) if n[0] == "n" else category_bins(v, 5) for n, v in columns.items()}
    made = tuple(plain_column(n, v, bins[n].place(v), bins=bins[n]) for n, v in columns.items())
    numbers = {n: v for n, v in columns.items() if n[0] == "n"}
    pairs, _ = reference_pairs(numbers, {column.name: column.cuts for column in made})
    rows = next(iter(columns.values())).size
    return Reference(task="regression", columns=made, quality={}, rows=rows, blocks=0, timed=False, pairs=pairs)


def judged(reference, columns, ruling=None) -> Findings:
    rows = next(iter(columns.values())).size
    return judge_window(reference, count_blocks(columns, np.zeros(rows, dtype=np.int64), reference), ruling)


def test_without_drift_windows_of_any_size_are_quiet():
    rng = np.random.default_rng(0)
    reference = reference_of(table(rng, 10_000))
    coloured = [judged(reference, table(rng, rows)).outcome is Outcome.WARN for rows in (100, 500, 2_000) * 17]
    assert sum(coloured) <= 2


def test_a_shift_and_a_broken_pair_are_coloured_alone():
    rng = np.random.default_rng(1)
    reference = reference_of(table(rng, 10_000))
    found = judged(reference, table(rng, 1_000, shift=0.3))
    assert found.moved == ("n2",)
    assert found.columns[0].column == "n2"
    assert found.reason.startswith("n2 (place +0.")
    broken = judged(reference, table(rng, 1_000, link=0.1))
    assert broken.moved == ("n0 ~ n1",)
    assert broken.pairs[0].moved
    assert 0 < broken.pairs[0].p_value_holm < 0.01


def test_an_immaterial_shift_stays_plain_however_certain():
    rng = np.random.default_rng(2)
    reference = reference_of(table(rng, 200_000))
    found = judged(reference, table(rng, 200_000, shift=0.03))
    moved = next(column for column in found.columns if column.column == "n2")
    assert moved.p_value_holm < 0.01
    assert found.outcome is Outcome.PASS


def test_a_chosen_measure_and_its_floor_decide():
    rng = np.random.default_rng(3)
    reference = reference_of(table(rng, 5_000))
    columns = table(rng, 5_000, shift=0.5)
    psi = next(c for c in judged(reference, columns).columns if c.column == "n2").figure("psi")
    assert judged(reference, columns, Ruling(measure="psi", floor=psi * 0.9)).moved == ("n2",)
    assert judged(reference, columns, Ruling(measure="psi", floor=psi * 1.1)).moved == ()


def test_only_columns_that_are_asked_for_are_judged_and_take_alpha():
    rng = np.random.default_rng(4)
    reference = reference_of(table(rng, 5_000))
    all_, some = (judged(reference, table(rng, 500), r) for r in (None, Ruling(columns=("n0", "n1"))))
    assert {column.column for column in some.columns} == {"n0", "n1"}
    assert len(some.pairs) == 1
    assert some.questions == 2 + 2 + 1 < all_.questions


def test_the_first_column_is_the_strongest_and_all_is_plain_json():
    rng = np.random.default_rng(5)
    reference = reference_of(table(rng, 5_000))
    found = judged(reference, table(rng, 1_000, shift=0.5))
    strengths = [column.strength for column in found.columns if not column.moved]
    assert strengths == sorted(strengths, reverse=True)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Findings) == found
    assert found.format_version == 1


def test_p_values_account_for_the_reference_s_own_rows():
    rng = np.random.default_rng(6)
    coloured = 0
    for _ in range(20):
        reference = reference_of(table(rng, 300))
        coloured += judged(reference, table(rng, 10_000)).outcome is Outcome.WARN
    assert coloured <= 1


@pytest.mark.parametrize("rows", [29, 30])
def test_thirty_rows_are_judged_and_fewer_are_not(rows):
    rng = np.random.default_rng(7)
    found = judged(reference_of(table(rng, 1_000)), table(rng, rows))
    assert (found.outcome is Outcome.UNKNOWN) == (rows < 30)


def weather(rng, days, rows=72):
    """Six columns that know nothing of one another, each with a level that stays for some days."""
    levels = np.zeros((days, 6))
    for day in range(1, days):
        levels[day] = 0.7 * levels[day - 1] + rng.normal(size=6)
    values = np.repeat(levels, rows, axis=0) + 0.5 * rng.normal(size=(days * rows, 6))
    return {f"n{i}": values[:, i] for i in range(6)}, np.repeat(np.arange(days), rows) * DAY


def test_pairs_of_columns_that_go_up_and_down_by_the_day_stay_plain():
    """Counted row by row, nearly every week has a pair that looks linked anew."""
    rng = np.random.default_rng(0)
    columns, times = weather(rng, 120)
    names = tuple(Column(name=name, kind="float") for name in columns)
    n = times.size
    reference = build_reference(
        pl.DataFrame(columns),
        np.full(n, np.nan),
        rng.normal(size=n),
        event_time=times,
        signature=Signature(task="regression", request=(), features=names),
        quality={},
    )
    linked = 0
    for _ in range(20):
        found = judge_window(reference, summarise(*weather(rng, 7), reference))
        assert found.rows_alike
        linked += any(pair.moved for pair in found.pairs)
    assert linked <= 1


def test_a_dependence_that_is_gone_is_seen_among_days_that_are_alike_in_all_else():
    rng = np.random.default_rng(1)
    columns, times = weather(rng, 120)
    columns |= {"a": rng.normal(size=times.size)}
    columns["b"] = 0.9 * columns["a"] + 0.4 * rng.normal(size=times.size)
    names = tuple(Column(name=name, kind="float") for name in columns)
    reference = build_reference(
        pl.DataFrame(columns),
        np.full(times.size, np.nan),
        rng.normal(size=times.size),
        event_time=times,
        signature=Signature(task="regression", request=(), features=names),
        quality={},
    )
    later, when = weather(rng, 7)
    later |= {"a": rng.normal(size=when.size), "b": rng.normal(size=when.size)}
    found = judge_window(reference, summarise(later, when, reference))
    assert "a ~ b" in found.moved
