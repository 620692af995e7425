import time
from datetime import datetime
from typing import Any

import polars as pl
import pytest

import loopwright as lw
from loopwright.app.observed import answered, model_columns, plain_row, scores_of
from loopwright.app.parity import check_parity
from loopwright.app.versions import champion_of, manifest_of
from loopwright.core.schema import Column, Signature
from loopwright.data.pushing import push
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
COLUMNS = (
    Column(name="x", kind="float", nullable=True),
    Column(name="colour", kind="category", nullable=True, categories=("blue", "red")),
)
SIGNATURE = Signature(task="binary", request=COLUMNS, features=COLUMNS, classes=(False, True), label="y")


def row(number: int, **changes: Any) -> RequestRow:
    given: dict[str, Any] = {
        "request_id": f"r{number}",
        "at": number,
        "event_time": number,
        "endpoint": "small",
        "arm": "champion",
        "version": "v",
        "inputs": {"x": float(number)},
        "score": 0.5,
    }
    return RequestRow(**(given | changes))


def test_only_what_was_answered_by_the_version_counts_in_order_of_event_time(bare: Project) -> None:
    tables = bare.workspace().stores.tables
    RequestLog(tables).append([
        row(1, event_time=9), row(2), row(3, status=503), row(4, endpoint="other"), row(5, version="w"),
    ])  # fmt: skip
    assert answered(tables, "small", version="v")["request_id"].to_list() == ["r2", "r1"]
    assert answered(tables, "small", since=2, until=5)["request_id"].to_list() == ["r2"]
    assert answered(tables, "small").height == 3


def test_logged_values_become_the_numbers_that_the_model_saw() -> None:
    rows = pl.DataFrame({
        "inputs": [{"x": 1.5, "colour": "red"}, {"x": None, "colour": "green"}, {"x": 3.0, "colour": None}],
        "features": [{"x": 7.0}, {"x": None}, {"x": 9.0}],
        "score": [0.1, None, 0.3],
    })  # fmt: skip
    columns = model_columns(rows, SIGNATURE)
    assert [str(value) for value in columns["x"]] == ["7.0", "nan", "9.0"]
    assert columns["colour"].tolist() == [1, -1, -1]
    assert [str(value) for value in scores_of(rows, SIGNATURE)] == ["0.1", "nan", "0.3"]


def test_a_feature_that_was_never_logged_is_missing_and_not_zero() -> None:
    rows = pl.DataFrame({"inputs": [{"x": 1.0}], "score": [0.1]})
    assert model_columns(rows, SIGNATURE)["colour"].tolist() == [-1]


def test_a_row_says_its_times_as_text() -> None:
    assert plain_row({"at": datetime(2024, 1, 2), "n": 3}) == {"at": "2024-01-02T00:00:00", "n": 3}


def test_without_requests_or_without_views_there_is_nothing_to_compare(project: Project) -> None:
    workspace = project.workspace()
    assert check_parity(workspace, "small") is None
    version = str(champion_of(workspace, "small"))
    now = time.time_ns() // 1000
    RequestLog(workspace.stores.tables).append([row(1, at=now, event_time=now, version=version)])
    assert manifest_of(workspace, version).parts["features"]
    assert check_parity(workspace, "small") is None


@pytest.mark.parametrize(("logged", "holds"), [(2, True), (3, False), (None, False)])
def test_a_logged_value_that_history_does_not_give_is_a_mismatch(
    project: Project, monkeypatch: pytest.MonkeyPatch, logged: int | None, holds: bool
) -> None:
    workspace = project.workspace()
    clicks = lw.Dataset("clicks", event_time="at")
    view = lw.FeatureView("clicks", source=clicks, entity="shop", features={"n": lw.count(over="1h")})
    hour = 3_600_000_000
    rows = [{"shop": "a", "at": at} for at in (hour * 10 - 5, hour * 10 - 2, hour * 8)]
    push(workspace.stores, clicks, rows, known_at=hour * 9)
    monkeypatch.setattr("loopwright.app.parity.views_of", lambda *_: (view,))
    asked = row(
        1, at=hour * 10, event_time=hour * 10, inputs={"shop": "a"}, features={"n": logged}, version="v"
    )  # fmt: skip
    RequestLog(workspace.stores.tables).append([asked])
    report = check_parity(workspace, "small")
    assert report is not None
    assert (report.rows, report.holds) == (1, holds)
