import polars as pl
import pytest

from loopwright.errors import UsageError
from loopwright.observations.labels import LabelRow, append_labels, labelled_requests, latest_labels
from loopwright.observations.request_log import RequestLog
from loopwright.store.backends.memory_tables import MemoryTables


def label(value, at, *, key=None, request_id=None, endpoint="flights", source="feedback"):
    return LabelRow(
        endpoint=endpoint, value=value, event_time=at - 1, at=at, source=source, key=key, request_id=request_id
    )


def request(request_id, at, *, key=None, endpoint="flights"):
    return {"request_id": request_id, "at": at, "endpoint": endpoint, "key": key, "score": 0.5}


@pytest.fixture
def tables():
    return MemoryTables()


def values(frame):
    return frame["value"].to_list()


def test_the_label_known_last_counts_whatever_was_appended_last(tables):
    append_labels(tables, [label(True, 20, key="a")])
    append_labels(tables, [label(False, 10, key="a"), label(False, 5, key="b")])
    latest = latest_labels(tables, "flights")
    assert dict(zip(latest["key"], latest["value"], strict=True)) == {"a": True, "b": False}


def test_what_was_known_at_a_time_does_not_change_with_later_corrections(tables):
    append_labels(tables, [label(True, 10, key="a"), label(False, 20, key="a")])
    assert values(latest_labels(tables, "flights", known_at=9)) == []
    assert values(latest_labels(tables, "flights", known_at=10)) == [True]
    assert values(latest_labels(tables, "flights", known_at=20)) == [False]


def test_no_labels_are_an_empty_frame_with_columns(tables):
    frame = latest_labels(tables, "flights")
    assert frame.height == 0
    assert {"key", "request_id", "value", "at"} <= set(frame.columns)
    assert labelled_requests(tables, "flights").height == 0


def test_a_label_of_nothing_is_refused(tables):
    with pytest.raises(UsageError):
        append_labels(tables, [label(True, 1, key="a"), label(True, 1)])
    assert tables.scan("labels").height == 0


@pytest.mark.parametrize(
    ("ours", "dtype"),
    [((True, False), pl.Boolean), ((1, 0), pl.Int64), ((1, 0.5), pl.Float64), (("a", "b"), pl.String)],
)
@pytest.mark.parametrize("others", [(True,), (3,), (0.25,), ("x",), ()])
def test_an_endpoint_s_labels_keep_their_type_beside_those_of_others(tables, ours, dtype, others):
    append_labels(tables, [label(value, 1, key="k", endpoint="other") for value in others])
    append_labels(tables, [label(value, at, key=str(at)) for at, value in enumerate(ours, start=1)])
    found = latest_labels(tables, "flights")
    assert found["value"].to_list() == list(ours)
    assert found["value"].dtype == dtype


def test_requests_are_joined_by_id_and_by_key(tables):
    RequestLog(tables).append(
        [request("r1", 1), request("r2", 2, key="k"), request("r3", 3, key="k"), request("r4", 4)]
    )
    append_labels(tables, [label(True, 10, request_id="r1"), label(False, 11, key="k")])
    found = labelled_requests(tables, "flights")
    assert found["request_id"].to_list() == ["r1", "r2", "r3"]
    assert found["label"].to_list() == [True, False, False]
    assert found["label_at"].to_list() == [10, 11, 11]


def test_of_a_label_by_id_and_one_by_key_the_later_counts(tables):
    RequestLog(tables).append([request("r1", 1, key="k"), request("r2", 2, key="k")])
    append_labels(tables, [label(True, 10, key="k"), label(False, 20, request_id="r1")])
    assert labelled_requests(tables, "flights")["label"].to_list() == [False, True]
    assert labelled_requests(tables, "flights", known_at=15)["label"].to_list() == [True, True]


def test_a_label_of_one_request_is_not_one_of_others_with_its_key(tables):
    RequestLog(tables).append([request("r1", 1, key="k"), request("r2", 2, key="k")])
    append_labels(tables, [label(True, 10, key="k", request_id="r1")])
    assert labelled_requests(tables, "flights")["request_id"].to_list() == ["r1"]


def test_both_arms_answers_to_one_request_get_its_label(tables):
    RequestLog(tables).append([{**request("r1", 1), "arm": arm} for arm in ("champion", "candidate")])
    append_labels(tables, [label(1, 10, request_id="r1")])
    assert sorted(labelled_requests(tables, "flights")["arm"].to_list()) == ["candidate", "champion"]


def test_time_and_endpoint_choose_the_requests(tables):
    RequestLog(tables).append(
        [request(f"r{at}", at, key="k") for at in (1, 2, 3)] + [request("x", 2, key="k", endpoint="o")]
    )
    append_labels(tables, [label(1, 10, key="k"), label(0, 10, key="k", endpoint="o")])
    found = labelled_requests(tables, "flights", since=2, until=3)
    assert found.select("request_id", "label").rows() == [("r2", 1)]


def test_keys_that_are_numbers_meet_their_text(tables):
    RequestLog(tables).append([request("r1", 1, key=7)])
    append_labels(tables, [label(1, 10, key="7")])
    assert labelled_requests(tables, "flights")["label"].to_list() == [1]
