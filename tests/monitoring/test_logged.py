"""Rows of the request log become the columns that a reference watches."""

import msgspec
import numpy as np
import polars as pl

from loopwright.core.schema import Column
from loopwright.monitoring.logged import watched_columns
from loopwright.monitoring.reference import LABEL, PREDICTION


def test_features_are_found_among_joined_ones_then_inputs_and_categories_become_codes(signature):
    requests = pl.DataFrame(
        {
            "inputs": [
                {"carrier": "UA", "delay": 99.0},
                {"carrier": "??", "delay": 99.0},
                {"carrier": None, "delay": 9.0},
            ],
            "features": [{"delay": 1.5}, {"delay": None}, {"delay": 2.5}],
            "score": [0.1, None, 0.3],
        }
    )
    found = watched_columns(requests, signature)
    assert found["carrier"].tolist() == [2.0, -1.0, -1.0]
    assert found["delay"][[0, 2]].tolist() == [1.5, 2.5]
    assert np.isnan(found["delay"][1])
    assert np.isnan(found[PREDICTION][1])
    assert LABEL not in found


def test_a_flat_frame_with_codes_works_and_absent_features_are_left_out(signature):
    found = watched_columns(pl.DataFrame({"carrier": [0, 1, None]}), signature)
    assert found["carrier"].tolist() == [0.0, 1.0, -1.0]
    assert set(found) == {"carrier"}


def test_flags_are_numbers(signature):
    flagged = msgspec.structs.replace(signature, features=(Column(name="flag", kind="bool", nullable=True),))
    found = watched_columns(pl.DataFrame({"flag": [True, False, None]}), flagged)
    assert found["flag"][:2].tolist() == [1.0, 0.0]
    assert np.isnan(found["flag"][2])


def test_a_multiclass_answer_is_the_code_of_its_label(signature):
    several = msgspec.structs.replace(signature, task="multiclass", classes=("a", "b", "c"), features=())
    requests = pl.DataFrame({"output": [{"label": "c"}, {"label": None}, {"label": "a"}]})
    found = watched_columns(requests, several)[PREDICTION]
    assert found[[0, 2]].tolist() == [2.0, 0.0]
    assert np.isnan(found[1])
    assert watched_columns(pl.DataFrame({"x": [1]}), several) == {}
