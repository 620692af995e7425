"""Requests find the label that is known latest."""

import numpy as np
import polars as pl

from loopwright.monitoring.joined import join_labels

REQUESTS = pl.DataFrame(
    {"request_id": ["r1", "r2", "r3", "r4"], "key": ["a", "b", None, "a"], "event_time": [40, 10, 20, 30]}
)
SCORES = np.array([0.4, 0.1, 0.2, 0.3])


def labels(*rows):
    schema = {"key": pl.String, "request_id": pl.String, "value": pl.Boolean, "at": pl.Int64}
    given = pl.DataFrame(rows, schema=schema, orient="row").sort("at")
    return given.with_columns(event_time="at", source=pl.lit("s"))


def test_the_label_known_last_counts_by_key_or_by_request():
    found = join_labels(
        REQUESTS,
        labels(("a", None, True, 9), ("a", None, False, 5), (None, "r4", False, 1), (None, "r3", True, 2)),
        SCORES,
    )
    assert found.event_time.tolist() == [10, 20, 30, 40]
    assert found.score.tolist() == [0.1, 0.2, 0.3, 0.4]
    assert found.labelled.tolist() == [False, True, True, True]
    assert found.label.tolist() == [True, True, True]
    later = join_labels(REQUESTS, labels(("a", None, True, 9), (None, "r4", False, 10)), SCORES)
    assert later.label.tolist() == [False, True]


def test_a_label_without_value_is_none():
    found = join_labels(REQUESTS, labels(("a", None, None, 9)), SCORES)
    assert not found.labelled.any()
    assert found.label.size == 0


def test_no_labels_at_all_leave_every_request_unlabelled():
    found = join_labels(REQUESTS, labels(), SCORES)
    assert found.labelled.tolist() == [False] * 4


def test_since_keeps_scores_and_labels_together():
    found = join_labels(REQUESTS, labels(("a", None, True, 9), ("b", None, False, 9)), SCORES).since(20)
    assert found.event_time.tolist() == [20, 30, 40]
    assert found.labelled.tolist() == [False, True, True]
    assert found.label.tolist() == [True, True]


def test_probabilities_of_several_classes_stay_rows():
    found = join_labels(REQUESTS, labels(), np.arange(8.0).reshape(4, 2))
    assert found.score.tolist() == [[2.0, 3.0], [4.0, 5.0], [6.0, 7.0], [0.0, 1.0]]
