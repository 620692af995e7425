"""A direct call answers only where it agrees with the model's own method and covers the rows."""

import numpy as np

from loopwright.serving.native.rows_call import with_own_method


def own(rows):
    return rows[:, 0] * 2.0


def test_a_direct_call_that_agrees_answers():
    asked = []

    def direct(rows):
        asked.append(len(rows))
        return rows[:, 0] * 2.0

    call = with_own_method(direct, own, width=2)
    assert call(np.array([[3.0, 1.0]])).tolist() == [6.0]
    assert asked[-1] == 1


def test_a_direct_call_that_differs_is_not_used():
    assert with_own_method(lambda rows: rows[:, 0] * 2.0000001, own, width=2) is own


def test_a_direct_call_that_raises_is_not_used():
    assert with_own_method(lambda rows: rows[:, 5], own, width=2) is own


def test_rows_that_it_does_not_cover_go_to_the_models_own_method():
    call = with_own_method(lambda rows: None if np.isnan(rows).any() else own(rows), own, width=2)
    assert np.isnan(call(np.array([[np.nan, 1.0]]))).all()
