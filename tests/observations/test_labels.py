import json
from pathlib import Path

import polars as pl
import pytest

from loopwright.errors import UsageError
from loopwright.observations.labels import (
    CHOSEN,
    LabelRow,
    append_labels,
    labelled_requests,
    latest_labels,
    latest_worths,
    rewards,
)
from loopwright.observations.request_log import RequestLog
from loopwright.store.backends.memory_tables import MemoryTables

GOLDEN = Path(__file__).parent / "golden" / "labels-1.jsonl"


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


def test_labels_of_requests_chosen_because_they_are_odd_are_left_out_where_it_is_judged_by_them(tables):
    append_labels(tables, [label(True, 10, request_id="a"), label(False, 11, request_id="b", source="labelling/lb1")])
    before = latest_labels(tables, "flights", chosen=False)
    chosen = [label(False, 20, request_id=name, source=f"{CHOSEN}lb1") for name in ("a", "c")]
    append_labels(tables, chosen)
    assert latest_labels(tables, "flights", chosen=False).equals(before), "what is known otherwise of a stands"
    assert values(before) == [True, False]
    learned = latest_labels(tables, "flights")
    assert dict(zip(learned["request_id"], learned["value"], strict=True)) == {"a": False, "b": False, "c": False}


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


def test_keys_that_look_like_numbers_are_text(tables):
    RequestLog(tables).append([request("r1", 1, key="7")])
    append_labels(tables, [label(1, 10, key="7")])
    assert labelled_requests(tables, "flights")["label"].to_list() == [1]


def feedback(kind, value, at, *, metric=None, event_time=None, **names):
    event_time = at if event_time is None else event_time
    return LabelRow(
        endpoint="flights",
        value=value,
        event_time=event_time,
        at=at,
        source="feedback",
        kind=kind,
        metric=metric,
        **names,
    )


def answered(request_id, at, *, arm, key=None, release="rel", **more):
    row = request(request_id, at, key=key)
    return {**row, "event_time": at, "arm": arm, "release": release, "status": 200, "inputs": {"user": "u"}} | more


def test_only_labels_and_corrections_say_what_was_true(tables):
    append_labels(
        tables,
        [
            feedback("label", True, 1, key="a"),
            feedback("correction", False, 2, key="a"),
            feedback("thumbs", True, 3, key="a"),
            feedback("reward", 0.5, 4, key="a", metric="conversion"),
        ],
    )
    found = latest_labels(tables, "flights")
    assert found["value"].to_list() == [False]
    assert found["value"].dtype == pl.Boolean


def test_labels_written_before_there_were_kinds_are_labels(tables):
    rows = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    tables.append("labels", rows)
    append_labels(tables, [feedback("reward", 2.5, 30, key="a", metric="spend")])
    assert latest_labels(tables, "flights").select("key", "request_id", "value").rows() == [
        ("a", None, True),
        (None, "r1", False),
    ]


@pytest.mark.parametrize("others", [True, "text", 7])
def test_a_worth_is_a_number_whatever_lies_beside_it(tables, others):
    append_labels(tables, [feedback("label", others, 1, key="a")])
    append_labels(tables, [feedback("thumbs", True, 2, request_id="r1"), feedback("thumbs", False, 3, request_id="r2")])
    append_labels(tables, [feedback("reward", 3, 4, request_id="r1", metric="spend")])
    assert latest_worths(tables, "flights", metric="thumbs")["value"].to_list() == [1.0, 0.0]
    assert latest_worths(tables, "flights", metric="spend")["value"].to_list() == [3.0]
    assert latest_worths(tables, "flights", metric="spend", known_at=3)["value"].to_list() == []


def test_a_reward_belongs_to_the_arm_that_answered(tables):
    RequestLog(tables).append(
        [
            answered("r1", 1, arm="champion"),
            answered("r2", 2, arm="green"),
            answered("r3", 3, arm="green", release="other"),
            answered("r4", 4, arm="green", status=502),
        ]
    )
    append_labels(tables, [feedback("reward", n, 10, request_id=f"r{n}", metric="spend") for n in (1, 2, 3, 4, 5)])
    found = rewards(tables, "flights", metric="spend", release="rel")
    assert found.select("arm", "request_id", "value").rows() == [("champion", "r1", 1.0), ("green", "r2", 2.0)]
    assert found["inputs"].to_list() == [{"user": "u"}, {"user": "u"}]
    assert rewards(tables, "flights", metric="other", release="rel").height == 0
    assert rewards(tables, "nobody", metric="spend", release="rel").height == 0


def test_a_reward_that_is_sent_again_or_changed_counts_once_as_it_was_known_last(tables):
    RequestLog(tables).append([answered("r1", 1, arm="champion")])
    append_labels(tables, [feedback("reward", 1, at, request_id="r1", metric="spend") for at in (10, 11)])
    append_labels(tables, [feedback("reward", 5, 20, request_id="r1", metric="spend")])
    assert rewards(tables, "flights", metric="spend", release="rel")["value"].to_list() == [5.0]
    assert rewards(tables, "flights", metric="spend", release="rel", known_at=15)["value"].to_list() == [1.0]
    assert rewards(tables, "flights", metric="spend", release="rel", learned_since=21).height == 0


def test_a_reward_by_key_belongs_to_the_last_request_before_it_happened(tables):
    RequestLog(tables).append(
        [
            answered("r1", 10, key="k", arm="champion"),
            answered("r2", 20, key="k", arm="green"),
            answered("r3", 30, key="k", arm="blue"),
            answered("r4", 10, key="x", arm="blue"),
        ]
    )
    append_labels(tables, [feedback("reward", 1, 99, key="k", event_time=25, metric="spend")])
    append_labels(tables, [feedback("reward", 1, 99, key="x", event_time=5, metric="spend")])
    found = rewards(tables, "flights", metric="spend", release="rel")
    assert found.select("arm", "request_id", "key", "requested_at").rows() == [("green", "r2", "k", 20)]
