"""Batches of requests that wait for labels."""

import numpy as np
import pytest
from tests.app.labelling.conftest import COUNT, Served

from loopwright.app.labelling.batch import batches, find_batch, make_batch
from loopwright.app.trace import trace
from loopwright.errors import NotFoundError, UsageError
from loopwright.observations.labels import LabelRow, append_labels


def test_the_least_sure_requests_are_asked_first(served: Served) -> None:
    batch = make_batch(served.workspace, "small", size=5, reasons=("uncertain",))
    assert {task.request_id for task in batch.tasks} == {"r28", "r29", "r30", "r31", "r32"}
    assert batch.looked_at == COUNT
    assert find_batch(served.workspace, batch.id[:12]) == batch
    assert [link.event.kind for link in trace(served.workspace, f"label_batch:{batch.id}").links] == ["labels_asked"]


def test_what_a_shadow_answered_otherwise_is_asked(served: Served) -> None:
    served.ask([("s1", 1_001, 0.0, 0.95, "r1"), ("s50", 1_050, 0.0, 50 / COUNT, "r50")])
    batch = make_batch(served.workspace, "small", size=2, reasons=("disagreeing",))
    assert [task.request_id for task in batch.tasks] == ["r1"]
    assert batch.tasks[0].figure == pytest.approx(0.95 - 1 / COUNT, abs=1e-5)


def test_nothing_is_asked_twice_nor_what_has_a_label(served: Served) -> None:
    at = served.now
    labels = [LabelRow(endpoint="small", value=True, event_time=at, at=at, source="feedback", key="1030")]
    labels.append(LabelRow(endpoint="small", value=True, event_time=at, at=at, source="feedback", request_id="r29"))
    append_labels(served.workspace.stores.tables, labels)
    first = make_batch(served.workspace, "small", size=20)
    second = make_batch(served.workspace, "small", size=100)
    asked = [task.request_id for batch in (first, second) for task in batch.tasks]
    assert sorted(asked) == sorted(f"r{i}" for i in range(COUNT) if i not in (29, 30))
    assert [batch.id for batch in batches(served.workspace, "small")] == [second.id, first.id]
    with pytest.raises(UsageError, match="waits for a label"):
        make_batch(served.workspace, "small", size=1)


def test_one_request_is_asked_of_each_thing_the_newest(served: Served) -> None:
    served.ask([("again", 1_000 + COUNT // 2, 0.0, 0.5, None)])
    asked = {task.request_id for task in make_batch(served.workspace, "small", size=500).tasks}
    assert len(asked) == COUNT
    assert "again" not in asked or f"r{COUNT // 2}" not in asked


def test_reasons_share_a_batch(served: Served) -> None:
    batch = make_batch(served.workspace, "small", size=20, reasons=("uncertain", "random"))
    assert batch.reasons == {"uncertain": 10, "random": 10}
    assert all(np.isfinite(task.figure) for task in batch.tasks)


def test_what_cannot_be_asked_is_refused(served: Served) -> None:
    with pytest.raises(UsageError):
        make_batch(served.workspace, "small", size=0)
    with pytest.raises(NotFoundError):
        make_batch(served.workspace, "other", size=1)
    with pytest.raises(UsageError, match="disagreeing"):
        make_batch(served.workspace, "small", size=1, reasons=("disagreeing",))
    with pytest.raises(NotFoundError):
        find_batch(served.workspace, "lab_none")
