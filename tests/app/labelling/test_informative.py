"""What makes a label worth asking for."""

import numpy as np
import pytest

from loopwright.app.labelling.informative import choose, disagreement, drifted, uncertainty
from loopwright.monitoring.bins import numeric_bins
from loopwright.monitoring.blocks import Standard
from loopwright.monitoring.reference import ColumnReference


def column(name: str, values: np.ndarray) -> ColumnReference:
    bins = numeric_bins(values)
    counts = np.bincount(bins.place(values), minlength=bins.count)
    return ColumnReference(
        name=name,
        bins=bins,
        counts=tuple(int(count) for count in counts),
        standard=Standard(shares=(0.0,) * bins.count, between=(0.0,) * bins.count),
        figures=(),
    )


def test_the_least_sure_answer_is_the_most_uncertain():
    found = uncertainty(np.array([0.0, 0.5, 0.9, 1.0]), "binary")
    assert found == pytest.approx([0.0, 1.0, 0.469, 0.0], abs=1e-3)
    many = uncertainty(np.array([[1.0, 0, 0], [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0]]), "multiclass")
    assert many == pytest.approx([0.0, 1.0, 0.631], abs=1e-3)
    assert np.isnan(uncertainty(np.array([3.0]), "regression")).all()


def test_versions_disagree_by_how_far_their_answers_lie_apart():
    assert disagreement(np.array([0.2, 0.4]), np.array([0.9, np.nan]))[0] == pytest.approx(0.7)
    assert np.isnan(disagreement(np.array([0.2]), np.array([np.nan]))).all()
    apart = disagreement(np.array([[1.0, 0.0], [0.5, 0.5]]), np.array([[0.0, 1.0], [0.5, 0.5]]))
    assert apart == pytest.approx([1.0, 0.0])


def test_rows_of_a_segment_that_grew_come_first_and_columns_that_stayed_say_nothing():
    rng = np.random.default_rng(0)
    calm, moved = rng.normal(size=5_000), rng.normal(size=5_000)
    reference = [column("calm", calm), column("moved", moved)]
    now = np.concatenate([rng.normal(size=400), rng.normal(3.5, 0.1, size=100)])
    found = drifted(reference, {"calm": rng.normal(size=500), "moved": now}, 500)
    assert found[400:].min() > found[:400].max() - 1e-9 or found[400:].mean() > found[:400].mean() + 1
    assert np.isnan(drifted(reference, {"calm": rng.normal(size=5_000)}, 5_000)).all()
    assert drifted(reference, {}, 0).size == 0


def test_reasons_take_turns_and_no_row_is_chosen_twice():
    figures = {"uncertain": np.array([0.9, 0.8, 0.1, 0.0]), "disagreeing": np.array([0.5, np.nan, np.nan, 0.2])}
    picks = choose(figures, 3, reasons=("uncertain", "disagreeing"), rng=np.random.default_rng(0))
    assert [(pick.row, pick.reason) for pick in picks] == [(0, "uncertain"), (3, "disagreeing"), (1, "uncertain")]
    everything = choose(figures, 10, rng=np.random.default_rng(0))
    assert sorted(pick.row for pick in everything) == [0, 1, 2, 3]


def test_what_has_no_figure_is_chosen_by_chance_only():
    nothing = {"uncertain": np.full(50, np.nan)}
    assert choose(nothing, 5, reasons=("uncertain",), rng=np.random.default_rng(0)) == ()
    first, second = (choose(nothing, 5, rng=np.random.default_rng(seed)) for seed in (1, 2))
    assert {pick.reason for pick in first} == {"random"}
    assert [pick.row for pick in first] != [pick.row for pick in second]
