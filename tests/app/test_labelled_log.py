"""The log that performance is judged on: rows and labels in any order give what reading everything anew would."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from loopwright.app.clock import set_clock
from loopwright.app.labelled_log import LabelledLog
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.schema import Column, Signature
from loopwright.observations.labels import CHOSEN, LabelRow, append_labels, labelled_requests
from loopwright.observations.request_log import RequestLog, RequestRow

COLUMN = Column(name="x", kind="float")
SIGNATURE = Signature(task="binary", request=(COLUMN,), features=(COLUMN,), classes=(False, True))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path, create=True, replay=True)
    yield opened
    opened.close()


def ask(workspace: Workspace, at: int, name: str, *, key: str | None = None, event_time: int | None = None) -> None:
    row = RequestRow(
        request_id=name, at=at, event_time=at if event_time is None else event_time, endpoint="e", arm="champion",
        version="v", inputs={"x": 1.0}, key=key, score=float(at),
    )  # fmt: skip
    RequestLog(workspace.stores.tables).append([row])


def label(workspace: Workspace, at: int, value: bool, *, key: str | None = None, request_id: str | None = None) -> None:
    row = LabelRow(endpoint="e", value=value, event_time=at, at=at, source="s", key=key, request_id=request_id)
    append_labels(workspace.stores.tables, [row])


def found(workspace: Workspace, log: LabelledLog, now: int) -> list[tuple[float, bool | None]]:
    set_clock(workspace.stores, now)
    rows = log.rows(0)
    values = iter(rows.label.tolist())
    return [(score, next(values) if known else None) for score, known in zip(rows.score, rows.labelled, strict=True)]


def log_of(workspace: Workspace) -> LabelledLog:
    return LabelledLog(workspace, "e", version="v", signature=SIGNATURE, since=0)


def test_labels_come_before_and_after_their_rows(workspace: Workspace) -> None:
    log = log_of(workspace)
    ask(workspace, 10, "a", key="k")
    label(workspace, 11, True, key="m")
    assert found(workspace, log, 20) == [(10.0, None)]
    ask(workspace, 21, "b", key="m")
    label(workspace, 22, False, key="k")
    assert found(workspace, log, 30) == [(10.0, False), (21.0, True)]


def test_what_people_said_of_requests_that_were_odd_is_no_label_here(workspace: Workspace) -> None:
    log = log_of(workspace)
    ask(workspace, 10, "a")
    ask(workspace, 11, "b")
    rows = [
        LabelRow(endpoint="e", value=True, event_time=12, at=12, source=source, request_id=name)
        for name, source in (("a", f"{CHOSEN}lb1"), ("b", "labelling/lb1"))
    ]
    append_labels(workspace.stores.tables, rows)
    assert found(workspace, log, 20) == [(10.0, None), (11.0, True)]


def test_of_a_label_for_the_request_and_one_for_its_key_the_later_known_counts(workspace: Workspace) -> None:
    log = log_of(workspace)
    ask(workspace, 10, "a", key="k")
    ask(workspace, 11, "b", key="k")
    label(workspace, 12, True, request_id="a")
    assert found(workspace, log, 20) == [(10.0, True), (11.0, None)]
    label(workspace, 21, False, key="k")
    assert found(workspace, log, 30) == [(10.0, False), (11.0, False)]
    label(workspace, 31, True, request_id="a")
    assert found(workspace, log, 40) == [(10.0, True), (11.0, False)]
    assert found(workspace, log_of(workspace), 40) == found(workspace, log, 40)


@pytest.mark.parametrize("seed", range(5))
def test_labels_are_those_that_reading_everything_anew_gives(workspace: Workspace, seed: int) -> None:
    rng = np.random.default_rng(seed)
    log, asked = log_of(workspace), 0
    for look in range(1, 6):
        for at in rng.integers(10 * look, 10 * look + 9, 12).tolist():
            if rng.random() < 0.4:
                asked += 1
                ask(workspace, at, f"r{asked}", key=f"k{rng.integers(3)}")
            elif rng.random() < 0.5:
                label(workspace, at, bool(rng.random() < 0.5), request_id=f"r{rng.integers(1, 12)}")
            else:
                label(workspace, at, bool(rng.random() < 0.5), key=f"k{rng.integers(3)}")
        known = found(workspace, log, 10 * look + 9)
        anew = labelled_requests(workspace.stores.tables, "e", known_at=10 * look + 9).sort("at")
        assert sorted((score, value) for score, value in known if value is not None) == sorted(
            anew.select("score", "label").rows()
        )


def test_rows_are_in_order_of_event_time(workspace: Workspace) -> None:
    log = log_of(workspace)
    ask(workspace, 10, "a", event_time=50)
    assert found(workspace, log, 20) == [(10.0, None)]
    ask(workspace, 21, "b", event_time=40)
    label(workspace, 22, True, request_id="a")
    assert found(workspace, log, 30) == [(21.0, None), (10.0, True)]


def test_a_request_and_a_key_of_one_name_are_not_mixed_up(workspace: Workspace) -> None:
    log = log_of(workspace)
    ask(workspace, 10, "same", key="other")
    ask(workspace, 11, "b", key="same")
    label(workspace, 12, True, key="same")
    assert found(workspace, log, 20) == [(10.0, None), (11.0, True)]
