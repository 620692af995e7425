"""Labels find their rows in any order, of any type, and what is forgotten is gone."""

import numpy as np
import polars as pl
import pytest

from loopwright.app.labelled_rows import LabelledRows, among, hashes_of


def asked(names, *, at=0, keys=None, groups=None):
    frame = pl.DataFrame(
        {
            "request_id": names,
            "key": keys if keys is not None else [None] * len(names),
            "event_time": np.arange(at, at + len(names)),
        },
        schema_overrides={"key": pl.String},
    )
    return frame, np.arange(at, at + len(names), dtype=float), {"shop": pl.Series(groups or ["a"] * len(names))}


def told(values, *, keys=None, requests=None):
    n = len(values)
    return pl.DataFrame(
        {"key": keys or [None] * n, "request_id": requests or [None] * n, "value": values},
        schema_overrides={"key": pl.String, "request_id": pl.String},
    )


@pytest.mark.parametrize(
    ("values", "kind"), [([True, False], bool), ([3, 4], int), ([0.5, 2.0], float), (["cat", "dog"], str)]
)
def test_labels_keep_their_type(values, kind):
    rows = LabelledRows()
    frame, score, _ = asked(["a", "b"])
    rows.add(frame, score, {})
    rows.learn(told(values, requests=["a", "b"]))
    found = rows.since(0).label.tolist()
    assert found == values
    assert {type(value) for value in found} == {kind}


def test_labels_of_several_types_take_the_least_that_holds_all():
    rows = LabelledRows()
    frame, score, _ = asked(["a", "b"])
    rows.add(frame, score, {})
    rows.learn(told([True], requests=["a"]))
    rows.learn(told([2], requests=["b"]))
    assert rows.since(0).label.tolist() == [1, 2]
    rows.learn(told(["cat"], requests=["b"]))
    assert rows.since(0).label.tolist() == ["True", "cat"]


def test_a_label_taken_back_leaves_the_row_without_one():
    rows = LabelledRows()
    frame, score, _ = asked(["a"])
    rows.add(frame, score, {})
    rows.learn(told([True], requests=["a"]))
    rows.learn(told(pl.Series([None], dtype=pl.Boolean), requests=["a"]))
    assert rows.since(0).labelled.tolist() == [False]


def test_a_label_by_key_is_about_later_requests_too_and_one_by_request_is_spent():
    rows = LabelledRows()
    rows.learn(told([True, False], keys=["k", None], requests=[None, "b"]))
    for place, name in enumerate(("a", "b", "c")):
        frame, score, _ = asked([name], at=place, keys=["k"])
        rows.add(frame, score, {})
    assert rows.since(0).label.tolist() == [True, False, True]


def test_rows_stand_in_order_of_event_time_with_all_that_belongs_to_them():
    rows = LabelledRows(("shop",))
    for at, shop in ((10, "late"), (0, "early"), (5, "middle")):
        rows.add(*asked([f"r{at}"], at=at, groups=[shop]))
        rows.learn(told([at], requests=[f"r{at}"]))
    found = rows.since(0)
    assert found.event_time.tolist() == found.score.tolist() == found.label.tolist() == [0, 5, 10]
    groups = found.groups["shop"]
    assert [groups.levels[code] for code in groups.codes] == ["early", "middle", "late"]


def test_what_is_forgotten_is_gone_with_the_labels_that_only_it_had():
    rows = LabelledRows()
    frame, score, _ = asked([f"r{i}" for i in range(100)], keys=[f"k{i % 60}" for i in range(100)])
    rows.add(frame, score, {})
    rows.learn(told([True] * 60, keys=[f"k{i}" for i in range(60)]))
    rows.forget(50)
    assert len(rows) == 50
    frame, score, _ = asked(["new", "other", "third"], at=200, keys=["k45", "k55", "k5"])
    rows.add(frame, score, {})
    assert rows.since(200).labelled.tolist() == [False, True, True]


def test_few_names_are_found_among_many():
    names = hashes_of(pl.Series([f"n{i}" for i in range(5_000)]))
    wanted = hashes_of(pl.Series(["n7", "n4999", "none"]))
    assert np.flatnonzero(among(names, wanted)).tolist() == [7, 4999]
    assert not among(names, wanted[:0]).any()
    assert hashes_of(pl.Series([None, "a"], dtype=pl.String))[0] == 0
