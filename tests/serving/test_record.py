"""The fast way in accepts what the door accepts, with the same values, or leaves it to the door."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.door import Door
from loopwright.serving.protocols.json_records import parse
from loopwright.serving.record import Record

KINDS = ("float", "int", "bool", "string", "category", "datetime")
BOUNDS = st.none() | st.sampled_from([-(2.0**64), -3.0, -1.5, 0.0, 0.5, 2.0, 7.0, 2.0**63])


@st.composite
def columns(draw):
    """A request's columns: every kind, with and without bounds, levels and nulls."""
    made = []
    for number in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(KINDS))
        bounded = kind in ("float", "int") or draw(st.integers(0, 9)) == 0
        low, high = (draw(BOUNDS), draw(BOUNDS)) if bounded and kind not in ("string", "category") else (None, None)
        made.append(
            Column(
                name=draw(st.sampled_from(["a", "dep time", "ключ", "class", "records", "_x"])) + str(number),
                kind=kind, nullable=draw(st.booleans()), minimum=low, maximum=high,
                exclusive_minimum=draw(st.booleans()), exclusive_maximum=draw(st.booleans()),
                categories=("AA", "", "ü") if kind == "category" else None,
                closed=kind == "category" and draw(st.booleans()),
            )
        )  # fmt: skip
    return tuple(made)


VALUES = (
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | st.integers(-10, 10)
    | st.sampled_from([2**62, 2**62 - 1, 2**63, 2**63 - 1, -(2**63), -(2**63) - 1, 2**64, 10**40, 3.0, -0.0, 1e308])
    | st.sampled_from(["AA", "", "ü", "ZZ", "2026-01-01T00:00:00Z", "2026-01-01", "3", "true"])
    | st.lists(st.none(), max_size=1) | st.just({})
)  # fmt: skip


@st.composite
def cases(draw):
    request = draw(columns())
    names = [column.name for column in request]
    record = {name: draw(VALUES) for name in names if draw(st.integers(0, 9))}
    if not draw(st.integers(0, 9)):
        record["elsewhere"] = 1
    return request, record


def signature(request):
    features = tuple(column for column in request if column.kind != "string")
    return Signature(task="regression", request=request, features=features, key=request[0].name)


def by_door(door, body):
    try:
        records, _ = parse(body)
        return door.check(records[0])
    except RequestRefusedError:
        return None


@given(cases(), st.sampled_from(["refuse", "flag"]))
@settings(max_examples=1500, deadline=None)
def test_what_the_form_accepts_the_door_accepts_with_the_same_values(case, policy):
    request, record = case
    door = Door(signature(request), policy)
    body = json.dumps(record).encode()
    checked = by_door(door, body)
    fast = door.form.one(body) if door.form is not None else None
    if fast is None:
        return
    assert checked is not None
    assert checked.flags == fast.flags == ()
    assert repr(checked.values) == repr(fast.values)
    assert msgspec.json.encode(fast) == msgspec.json.encode(checked.values)
    assert (door.key(fast), door.event_time(fast, 5)) == (door.key(checked), door.event_time(checked, 5))
    if door.signature.features:
        a, b = door.matrix([fast], []), door.matrix([checked], [])
        columns = door.columns([checked.values], [{}])
        assert np.array_equal(a, b, equal_nan=True)
        assert np.array_equal(
            a[0], np.array([float(columns[c.name][0]) for c in door.signature.features]), equal_nan=True
        )


PLAIN = (
    Column(name="flight", kind="string"),
    Column(name="carrier", kind="category", categories=("AA", "UA")),
    Column(name="origin", kind="category", categories=("EWR", "JFK"), closed=True),
    Column(name="distance", kind="int", minimum=0, exclusive_minimum=True, maximum=6000.5),
    Column(name="wind", kind="float", nullable=True, minimum=0),
    Column(name="late", kind="bool"),
    Column(name="at", kind="datetime", nullable=True),
)
GOOD = {"flight": "f1", "carrier": "ZZ", "origin": "JFK", "distance": 6000, "wind": 3, "late": True}


@pytest.mark.parametrize(
    "change",
    [{}, {"wind": None}, {"wind": 0}, {"distance": 1}, {"at": "2026-01-01T00:00:00Z"}, {"at": 5}, {"at": None}],
)
def test_an_ordinary_record_takes_the_fast_way(change):
    """Else the property above would hold for a form that accepts nothing."""
    door = Door(signature(PLAIN))
    body = json.dumps(GOOD | change).encode()
    assert door.form.one(body).values == by_door(door, body).values


@pytest.mark.parametrize(
    "change",
    [
        {"distance": 0}, {"distance": 6001}, {"distance": 3.0}, {"origin": "LGA"}, {"wind": -1}, {"late": 1},
        {"at": "noon"}, {"flight": None}, {"more": 1}, {"at": True},
    ],
)  # fmt: skip
def test_an_odd_record_is_left_to_the_door(change):
    assert Door(signature(PLAIN)).form.one(json.dumps(GOOD | change).encode()) is None


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"flight": "\xff"}', b"1"])
def test_a_body_that_is_no_record_is_left_to_the_door(body):
    form = Door(signature(PLAIN)).form
    assert form.one(body) is None
    assert form.several(body) is None


def test_several_records_are_decoded_at_once():
    form = Door(signature(PLAIN)).form
    found = form.several(json.dumps({"records": [GOOD, GOOD | {"at": "2026-01-01"}]}).encode())
    assert [record.values["at"] for record in found] == [None, 1_767_225_600_000_000]
    assert isinstance(found[0], Record)
    assert form.several(b'{"records": []}') is None


@pytest.mark.parametrize(
    "column",
    [
        Column(name="x", kind="bool", minimum=0), Column(name="x", kind="int", closed=True, categories=("1",)),
        Column(name="x", kind="int", minimum=0.2, maximum=0.8), Column(name="x", kind="category", closed=True),
    ],
)  # fmt: skip
def test_a_signature_that_no_struct_can_say_has_no_form(column):
    assert Door(signature((column,))).form is None
