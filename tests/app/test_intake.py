from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.intake import push_rows, take_feedback
from loopwright.app.online import online_features
from loopwright.app.trace import journal
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND
from loopwright.errors import DataRefusedError, NotFoundError, RequestRefusedError
from loopwright.observations.feedback import Feedback

NOW = 1_700_000_000 * SECOND
SENSORS = lw.Dataset("sensors", source="sensors/*.csv", event_time="at")
VIEW = lw.FeatureView("heat", source=SENSORS, entity="room", features={"hot": lw.count(over="1h")})


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(tmp_path, create=True, replay=True)
    set_clock(opened.stores, NOW)
    opened.stores.ledger.commit(moves={"default/endpoint/small@arms": "arms-1"})
    yield opened
    opened.close()


def labels(workspace: Workspace) -> list[dict[str, Any]]:
    return workspace.stores.tables.scan("labels").to_dicts()


def test_labels_are_known_from_now_and_say_whence_they_came(workspace: Workspace) -> None:
    given = [Feedback(key=7, value=True), Feedback(request_id="ab", value=False)]
    assert take_feedback(workspace, "small", given) == 2
    kept = labels(workspace)
    assert {(row["key"], row["request_id"], row["value"]) for row in kept} == {("7", None, True), (None, "ab", False)}
    assert {(row["at"], row["endpoint"], row["source"]) for row in kept} == {(NOW, "small", "feedback")}
    said = list(journal(workspace.stores.ledger))[-1]
    assert (said.kind, said.subject, said.data, said.logical_at) == (
        "labels_landed",
        "endpoint:small",
        {"labels": 2},
        NOW,
    )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, NOW),
        (1_699_999_000_000_000, 1_699_999_000_000_000),
        ("2023-11-14T22:00:00Z", 1_699_999_200 * SECOND),
        ("2023-11-14T23:00:00+01:00", 1_699_999_200 * SECOND),
        ("2023-11-14T22:00:00.25", 1_699_999_200 * SECOND + 250_000),
    ],
)
def test_an_event_time_is_an_iso_instant_or_microseconds(
    workspace: Workspace, given: str | int | None, kept: int
) -> None:
    take_feedback(workspace, "small", [Feedback(key="k", value=1, event_time=given)])
    assert labels(workspace)[0]["event_time"] == kept


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (Feedback(value=True), "label 2 names neither"),
        (Feedback(key="k", value=True, event_time="yesterday"), "'yesterday' is not an instant"),
        (Feedback(key="k", value=True, event_time=""), "'' is not an instant"),
        (Feedback(key="k", value=True, event_time=10**30), "is not an instant"),
        (Feedback(key="k", value=10**30), "64 bits"),
    ],
)
def test_one_bad_label_refuses_them_all(workspace: Workspace, bad: Feedback, said: str) -> None:
    with pytest.raises(RequestRefusedError, match=said):
        take_feedback(workspace, "small", [Feedback(key="k", value=True), bad])
    assert labels(workspace) == []
    assert "labels_landed" not in [event.kind for event in journal(workspace.stores.ledger)]


def test_labels_for_an_endpoint_that_never_was_are_refused_not_lost(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no endpoint 'smal'"):
        take_feedback(workspace, "smal", [Feedback(key="k", value=True)])
    assert labels(workspace) == []


def test_pushed_rows_reach_the_views_before_the_answer(workspace: Workspace) -> None:
    rows = [{"room": "a", "at": NOW - SECOND}, {"room": "a", "at": NOW - 2 * SECOND}]
    assert push_rows(workspace, {"sensors": SENSORS}, [VIEW], name="sensors", rows=rows) == 2
    assert online_features(workspace, [VIEW]).read([({"room": "a"}, NOW)], NOW) == [{"hot": 2}]
    assert workspace.stores.tables.scan("push.sensors")["known_at"].to_list() == [NOW]


def test_a_row_that_breaks_the_declaration_reaches_neither_table_nor_view(workspace: Workspace) -> None:
    rows = [{"room": "a", "at": NOW - SECOND}, {"room": "a", "at": "never"}]
    with pytest.raises(DataRefusedError):
        push_rows(workspace, {"sensors": SENSORS}, [VIEW], name="sensors", rows=rows)
    assert workspace.stores.tables.scan("push.sensors").height == 0
    assert online_features(workspace, [VIEW]).read([({"room": "a"}, NOW)], NOW) == [{"hot": 0}]


def test_rows_for_a_dataset_that_the_loop_lacks_are_refused_by_its_name(workspace: Workspace) -> None:
    with pytest.raises(NotFoundError, match="no dataset 'other'") as caught:
        push_rows(workspace, {"sensors": SENSORS}, [VIEW], name="other", rows=[{"room": "a"}])
    assert "sensors" in caught.value.why


@pytest.mark.parametrize("row", [{"at": NOW, "room": "a", "warmth": "hot"}, {"at": NOW, "room": "a"}])
def test_rows_that_a_feature_view_cannot_read_are_refused_and_not_kept(
    workspace: Workspace, row: dict[str, Any]
) -> None:
    warmth = lw.FeatureView("warmth", source=SENSORS, entity="room", features={"mean": lw.mean("warmth", over="1h")})
    with pytest.raises(lw.LoopwrightError):
        push_rows(workspace, {"sensors": SENSORS}, [warmth], name="sensors", rows=[row])
    assert not workspace.stores.tables.scan("push.sensors").height
