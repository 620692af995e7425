"""Records laid out for a model: the same numbers as column by column, in the signature's order."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.schema import Column, Signature
from loopwright.serving.door import Door
from loopwright.serving.matrix import MatrixForm

CARRIER = Column(name="carrier", kind="category", categories=("AA", "UA"), nullable=True)
DISTANCE = Column(name="distance", kind="int")
WIND = Column(name="wind", kind="float", nullable=True)
CARGO = Column(name="cargo", kind="bool")
TEXT = Column(name="id", kind="string")
DELAY = Column(name="delay", kind="float", nullable=True)
GATE = Column(name="gate", kind="category", categories=("A", "B"), nullable=True)
REQUEST = (TEXT, CARRIER, DISTANCE, WIND, CARGO)
RECORD = {"id": "f1", "carrier": "UA", "distance": 7, "wind": 2.5, "cargo": True}


def signature(*features):
    return Signature(task="binary", request=REQUEST, features=features, classes=(False, True))


def laid_out(features, records, joined=()):
    """By both ways in: records decoded as structs, and checked one by one."""
    door = Door(signature(*features))
    decoded = [door.form.one(json.dumps(record).encode()) for record in records]
    assert None not in decoded
    checked = [door.check(record) for record in records]
    form = MatrixForm(door.signature)
    fast, slow = form.of(decoded, joined), form.of(checked, joined)
    np.testing.assert_array_equal(fast, slow)
    return fast


def test_features_are_in_the_signature_s_order_whatever_the_request_s_is():
    made = laid_out((CARGO, WIND, CARRIER), [RECORD, RECORD | {"cargo": False, "carrier": "AA"}])
    assert made.tolist() == [[1.0, 2.5, 1.0], [0.0, 2.5, 0.0]]
    assert (made.dtype, made.flags["C_CONTIGUOUS"]) == (np.float64, True)


def test_a_null_is_nan_and_a_level_that_is_null_or_unseen_is_minus_one():
    made = laid_out((CARRIER, WIND), [RECORD | {"carrier": None, "wind": None}, RECORD | {"carrier": "ZZ"}])
    assert made[0, 0] == made[1, 0] == -1.0
    assert np.isnan(made[0, 1])
    assert made[1, 1] == 2.5


def test_joined_features_stand_among_the_request_s_own():
    joined = [{"delay": 3.0, "gate": "B"}, {"delay": None, "gate": None}]
    made = laid_out((DELAY, DISTANCE, GATE), [RECORD, RECORD | {"distance": 8}], joined)
    np.testing.assert_array_equal(made, [[3.0, 7.0, 1.0], [np.nan, 8.0, -1.0]])


def test_a_joined_feature_that_was_not_read_is_null_and_never_the_request_s():
    door = Door(signature(DELAY, DISTANCE))
    made = MatrixForm(door.signature).of([door.check(RECORD)], [])
    np.testing.assert_array_equal(made, [[np.nan, 7.0]])


@pytest.mark.parametrize("features", [(DISTANCE,), (TEXT, CARRIER)[1:], (CARRIER, DISTANCE, WIND, CARGO)])
def test_one_feature_and_several_in_a_row_are_picked_alike(features):
    assert laid_out(features, [RECORD]).tolist() == [
        [{"carrier": 1.0, "cargo": 1.0}.get(f.name, RECORD[f.name]) for f in features]
    ]


def test_features_that_are_the_request_s_first_columns_are_taken_as_they_stand():
    request = (DISTANCE, WIND, TEXT)
    door = Door(Signature(task="binary", request=request, features=request[:2], classes=(False, True)))
    made = MatrixForm(door.signature).of([door.form.one(b'{"distance": 7, "wind": 2.5, "id": "f1"}')], [])
    assert made.tolist() == [[7.0, 2.5]]


def test_no_record_is_a_matrix_without_rows():
    assert laid_out((DISTANCE, WIND), []).shape == (0, 2)


@given(st.lists(st.fixed_dictionaries({
    "id": st.just("f"), "carrier": st.sampled_from(["AA", "UA", "ZZ", None]), "distance": st.integers(-(2**53), 2**53),
    "wind": st.none() | st.floats(allow_nan=False, allow_infinity=False), "cargo": st.booleans(),
}), max_size=4))  # fmt: skip
def test_the_matrix_is_the_columns_side_by_side(records):
    features = (WIND, CARRIER, CARGO, DISTANCE)
    door = Door(signature(*features))
    columns = door.columns([door.check(record).values for record in records], [{}] * len(records))
    wanted = np.column_stack([columns[column.name] for column in features]) if records else np.empty((0, 4))
    np.testing.assert_array_equal(laid_out(features, records), wanted)
