"""What is watched of answers and labels."""

import numpy as np
import pytest

from loopwright.monitoring.answer_values import answer_table, label_table


def test_two_classes_are_as_sure_on_either_side():
    table = answer_table(np.asarray([0.1, 0.9, 0.5, np.nan]), "binary")
    assert table.columns == ["(confidence)", "(entropy)", "(prediction)"]
    assert table["(confidence)"].to_list()[:3] == pytest.approx([0.9, 0.9, 0.5])
    assert table["(entropy)"].to_list()[:3] == pytest.approx([0.469, 0.469, 1.0], abs=1e-3)
    assert table.row(3) == (pytest.approx(np.nan, nan_ok=True),) * 3


def test_several_classes_have_the_entropy_of_their_probabilities():
    table = answer_table(np.asarray([[1.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]]), "multiclass")
    assert table.columns == ["(confidence)", "(entropy)"]
    assert table["(entropy)"].to_list() == pytest.approx([0.0, 1.0])


def test_a_regression_has_its_value_only():
    assert answer_table(np.asarray([3.0]), "regression").to_dict(as_series=False) == {"(prediction)": [3.0]}


def test_labels_of_several_classes_have_a_column_each():
    table = label_table(np.asarray([0.0, 2.0, 2.0]), "multiclass", ("a", "b", "c"))
    assert table.to_dict(as_series=False) == {"(label a)": [1, 0, 0], "(label b)": [0, 0, 0], "(label c)": [0, 1, 1]}
    assert label_table(np.asarray([1.0]), "binary", (False, True)).columns == ["(label)"]
