from typing import Any

import pytest

from loopwright.app.log_retention import EVERY_S, LogRetention, plan_log
from loopwright.app.workspace import open_workspace
from loopwright.errors import SettingError, UsageError

DAY = 86_400_000_000


@pytest.fixture
def workspace(tmp_path: Any) -> Any:
    opened = open_workspace(tmp_path, create=True, explicit={"request_log_retention": "30d"})
    yield opened
    opened.close()


def log(workspace: Any, *days_ago: float) -> None:
    for days in days_ago:
        workspace.stores.tables.append("requests", [{"at": workspace.clock.now() - int(days * DAY)}])
        workspace.stores.tables.seal("requests")


def test_the_controller_s_look_removes_what_is_too_old_and_looks_again_an_hour_later(
    workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    log(workspace, 31, 1)
    retention = LogRetention(workspace)
    assert retention.step() == 1
    log(workspace, 32)
    assert retention.step() == 0
    later = workspace.machine.monotonic() + EVERY_S
    monkeypatch.setattr(type(workspace.machine), "monotonic", lambda self: later)
    assert retention.step() == 1
    assert workspace.stores.tables.scan("requests").height == 1


def test_where_nothing_says_how_long_everything_stays(tmp_path: Any) -> None:
    opened = open_workspace(tmp_path, create=True)
    log(opened, 1000)
    assert LogRetention(opened).step() == 0
    with pytest.raises(UsageError):
        plan_log(opened)
    assert plan_log(opened, older_than=DAY).rows == 1
    opened.close()


def test_a_setting_that_is_no_duration_is_refused_before_anything_runs(tmp_path: Any) -> None:
    opened = open_workspace(tmp_path, create=True, explicit={"request_log_retention": "soon"})
    with pytest.raises(SettingError):
        LogRetention(opened)
    opened.close()
