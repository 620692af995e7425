"""The input contract: what passes, what is refused by which rule, what a model is given."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.door import Checked, Door

REQUEST = (
    Column(name="carrier", kind="category", categories=("AA", "UA")),
    Column(name="origin", kind="category", categories=("EWR", "JFK"), closed=True),
    Column(name="distance", kind="int", minimum=0, exclusive_minimum=True, maximum=6000),
    Column(name="wind", kind="float", nullable=True),
    Column(name="cargo", kind="bool"),
    Column(name="at", kind="datetime"),
    Column(name="id", kind="string"),
)
FEATURES = (*REQUEST[:5], Column(name="delay_mean", kind="float", nullable=True))
SIGNATURE = Signature(
    task="binary", request=REQUEST, features=FEATURES, classes=(False, True), key="id", event_time="at"
)
GOOD = {
    "carrier": "AA", "origin": "JFK", "distance": 500, "wind": 3, "cargo": True, "at": "2026-01-01T00:00:00Z",
    "id": "f1",
}  # fmt: skip


def refused(record, policy="refuse"):
    with pytest.raises(RequestRefusedError) as caught:
        Door(SIGNATURE, policy).check(record)
    return [(breach["field"], breach["rule"]) for breach in caught.value.context["breaches"]]


def test_a_good_record_passes_with_its_values_in_the_columns_types():
    values = Door(SIGNATURE).check(GOOD).values
    assert values == GOOD | {"wind": 3.0, "at": 1_767_225_600_000_000}
    assert type(values["wind"]) is float


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("distance", 0, "minimum"),
        ("distance", 6001, "maximum"),
        ("distance", "500", "type"),
        ("distance", True, "type"),
        ("distance", 1.5, "type"),
        ("distance", 10**30, "type"),
        ("distance", None, "required"),
        ("wind", math.nan, "type"),
        ("wind", math.inf, "type"),
        ("wind", 10**400, "type"),
        ("wind", False, "type"),
        ("wind", [1], "type"),
        ("cargo", 1, "type"),
        ("at", "yesterday", "type"),
        ("at", 1.5, "type"),
        ("id", 7, "type"),
        ("carrier", 7, "type"),
        ("carrier", {}, "type"),
        ("origin", "LAX", "category"),
    ],
)
def test_a_breach_names_its_field_and_rule(field, value, rule):
    assert refused(GOOD | {field: value}) == [(field, rule)]


def test_a_whole_number_may_be_written_with_a_point():
    values = Door(SIGNATURE).check(GOOD | {"distance": 500.0, "at": 1.7e15}).values
    assert (values["distance"], values["at"]) == (500, 1_700_000_000_000_000)
    assert type(values["at"]) is int


def test_all_breaches_are_named_at_once():
    record = GOOD | {"distance": -1, "cargo": "yes", "more": 1}
    del record["id"]
    assert refused(record) == [("distance", "minimum"), ("cargo", "type"), ("id", "required"), ("more", "unknown")]


def test_a_refusal_never_repeats_the_value():
    with pytest.raises(RequestRefusedError) as caught:
        Door(SIGNATURE).check(GOOD | {"distance": "a secret"})
    assert "a secret" not in str(caught.value.as_dict())


@pytest.mark.parametrize("record", [None, 3, "text", [GOOD]])
def test_what_is_no_object_is_refused(record):
    with pytest.raises(RequestRefusedError):
        Door(SIGNATURE).check(record)


def test_flagging_lets_through_what_a_model_can_be_given():
    changed = GOOD | {"distance": 7000, "origin": "LAX", "cargo": None, "more": 1}
    checked = Door(SIGNATURE, "flag").check(changed)
    assert checked.flags == ("origin:category", "distance:maximum", "cargo:required", "more:unknown")
    assert checked.values["distance"] == 7000
    assert "more" not in checked.values
    assert refused(GOOD | {"distance": "500"}, policy="flag") == [("distance", "type")]


def test_a_null_may_be_left_out_where_the_column_is_nullable():
    record = dict(GOOD)
    del record["wind"]
    assert Door(SIGNATURE).check(record).values["wind"] is None


def test_the_model_is_given_codes_and_numbers_in_its_own_order():
    door = Door(SIGNATURE, "flag")
    rows = [door.check(GOOD).values, door.check(GOOD | {"carrier": "unseen", "wind": None, "origin": "LAX"}).values]
    columns = door.columns(rows, [{"delay_mean": 2.5}, {"delay_mean": None}])
    assert list(columns) == ["carrier", "origin", "distance", "wind", "cargo", "delay_mean"]
    assert columns["carrier"].tolist() == [0, -1]
    assert columns["carrier"].dtype == np.int32
    assert columns["origin"].tolist() == [1, -1]
    assert columns["cargo"].tolist() == [1.0, 1.0]
    assert math.isnan(columns["wind"][1])
    assert columns["delay_mean"][0] == 2.5
    assert math.isnan(columns["delay_mean"][1])


def test_event_time_and_key_come_from_the_record():
    door = Door(SIGNATURE)
    row = door.check(GOOD)
    assert door.event_time(row, otherwise=7) == 1_767_225_600_000_000
    assert door.event_time(Checked(values={"at": None}), otherwise=7) == 7
    assert door.key(row) == "f1"


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
FIELDS = st.sampled_from([column.name for column in REQUEST]) | st.text(max_size=5)


@given(st.dictionaries(FIELDS, ANY, max_size=9), st.sampled_from(["refuse", "flag"]))
def test_any_record_is_refused_or_gives_numbers(record, policy):
    door = Door(SIGNATURE, policy)
    try:
        checked = door.check(GOOD | record)
    except RequestRefusedError:
        return
    columns = door.columns([checked.values], [{}])
    assert all(column.shape == (1,) and not np.isinf(column).any() for column in columns.values())
