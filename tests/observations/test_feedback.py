import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.clock import SECOND
from loopwright.errors import LoopwrightError, RequestRefusedError, UsageError
from loopwright.observations.feedback import Feedback, counts_of, keep_feedback, label_rows, landed, read_feedback
from loopwright.observations.labels import append_labels, latest_labels, latest_worths
from loopwright.store.backends.memory_kv import MemoryKeyValues
from loopwright.store.backends.memory_tables import MemoryTables
from loopwright.testing.clocks import ManualClock

NOW = 1_700_000_000 * SECOND


def rows(*given, now=NOW):
    return label_rows("flights", [Feedback(**one) for one in given], now=now)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"value": True}, True),
        ({"value": "AA", "kind": "correction"}, "AA"),
        ({"value": "up", "kind": "thumbs"}, True),
        ({"value": "down", "kind": "thumbs"}, False),
        ({"value": False, "kind": "thumbs"}, False),
        ({"value": 3, "kind": "reward", "metric": "spend"}, 3.0),
        ({"value": True, "kind": "reward", "metric": "conversion"}, 1.0),
    ],
)
def test_each_kind_keeps_its_value(given, kept):
    (row,) = rows({"key": 7} | given)
    assert (row.value, type(row.value), row.key) == (kept, type(kept), "7")
    assert (row.kind, row.metric) == (given.get("kind", "label"), given.get("metric"))


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"value": True, "key": None}, "request_id"),
        ({"value": True, "key": ""}, "key"),
        ({"value": True, "key": "k" * 501}, "key"),
        ({"value": True, "request_id": ""}, "request_id"),
        ({"value": 1, "kind": "thumbs"}, "value"),
        ({"value": "sideways", "kind": "thumbs"}, "value"),
        ({"value": "3", "kind": "reward", "metric": "spend"}, "value"),
        ({"value": float("inf"), "kind": "reward", "metric": "spend"}, "value"),
        ({"value": 3, "kind": "reward"}, "metric"),
        ({"value": 3, "kind": "reward", "metric": "Two Words"}, "metric"),
        ({"value": 3, "kind": "reward", "metric": "thumbs"}, "metric"),
        ({"value": True, "metric": "spend"}, "metric"),
        ({"value": 2**63}, "value"),
        ({"value": True, "event_time": "yesterday"}, "event_time"),
        ({"value": True, "event_time": 10**30}, "event_time"),
    ],
)
def test_a_field_that_its_kind_cannot_have_is_named(bad, field):
    with pytest.raises(RequestRefusedError) as caught:
        rows({"key": "k", "value": True}, {"key": "k"} | bad)
    assert caught.value.context["field"] == f"labels[1].{field}"
    assert "label 2" in caught.value.what or "event_time" in caught.value.what


def test_more_at_once_than_is_taken_is_refused():
    with pytest.raises(RequestRefusedError, match="10001"):
        rows(*[{"key": "k", "value": 1}] * 10_001)


def test_one_may_be_sent_without_a_list_around_it():
    alone = {"endpoint": "flights", "request_id": "r", "value": "up", "kind": "thumbs"}
    many = {"endpoint": "flights", "labels": [{"request_id": "r", "value": "up", "kind": "thumbs"}]}
    assert read_feedback(json.dumps(alone).encode()) == read_feedback(json.dumps(many).encode())


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (b"[]", "object"),
        (b"{", "truncated"),
        (b"{}", "value"),
        (b'{"endpoint": "f", "labels": [{"value": true}, {"value": []}]}', "$.labels[1].value"),
        (b'{"endpoint": "f", "labels": [{"value": true, "colour": 1}]}', "colour"),
        (b'{"endpoint": "f", "labels": [{"value": true, "kind": "praise"}]}', "$.labels[0].kind"),
        (b'{"endpoint": "f", "labels": {}}', "$.labels"),
        (b'{"labels": []}', "endpoint"),
    ],
)
def test_a_body_that_is_no_feedback_is_refused_naming_the_field(body, named):
    with pytest.raises(RequestRefusedError) as caught:
        read_feedback(body)
    assert named in caught.value.why


def test_under_one_idempotency_key_the_same_body_is_kept_once_and_another_refused():
    clock = ManualClock()
    tables, kv = MemoryTables(), MemoryKeyValues(clock=clock)

    def keep(value, *, key, now):
        return keep_feedback(tables, kv, rows({"key": "k", "value": value}, now=now), idempotency_key=key, now=now)

    first = clock.now()
    assert keep(1, key="a", now=first)
    assert not keep(1, key="a", now=first + SECOND)
    assert keep(1, key="b", now=first + SECOND)
    with pytest.raises(UsageError) as caught:
        keep(2, key="a", now=first + SECOND)
    assert caught.value.context["http_status"] == 409
    assert tables.scan("labels").height == 2
    clock.sleep(86_401)
    assert keep(1, key="a", now=clock.now())
    assert keep(1, key=None, now=first)
    assert keep(1, key=None, now=first)


def test_the_journal_is_told_how_many_of_each():
    given = rows({"key": "k", "value": 1}, {"key": "k", "value": "up", "kind": "thumbs"})
    assert counts_of(given) == {"labels": 1, "rewards": 1}
    said = landed("flights", {"labels": 1, "rewards": 0}, now=NOW, actor="worker:1")
    assert [(one.kind, one.subject, one.data) for one in said] == [("labels_landed", "endpoint:flights", {"labels": 1})]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
fields = st.fixed_dictionaries(
    {},
    optional={
        "value": json_values, "key": json_values, "request_id": json_values, "event_time": json_values,
        "kind": st.sampled_from(["label", "correction", "thumbs", "reward", "other"]), "metric": json_values,
    },
)  # fmt: skip
bodies = st.fixed_dictionaries({"endpoint": st.just("flights"), "labels": st.lists(fields, max_size=3)}) | fields


@given(
    st.binary(max_size=60) | bodies.map(lambda body: json.dumps(body).encode()) | json_values.map(msgspec.json.encode)
)
@settings(max_examples=400, deadline=None)
def test_whatever_is_sent_is_kept_whole_or_refused_with_a_cause(body):
    tables = MemoryTables()
    refused = None
    try:
        read = read_feedback(body)
        rows = label_rows(read.endpoint, read.labels, now=NOW)
    except LoopwrightError as error:
        refused = error
    if refused is not None:
        assert refused.http_status == 422
        assert refused.fix
        return
    append_labels(tables, rows)
    assert tables.scan("labels").height == len(read.labels)
    latest_labels(tables, "flights")
    latest_worths(tables, "flights", metric="thumbs")
