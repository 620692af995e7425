from typing import Any

import polars as pl
import pytest

from loopwright.app.clock import set_clock
from loopwright.app.landing import land_all
from loopwright.app.loop import OnAlert, OnNewData
from loopwright.app.retrain import Past, brakes, retrain_if_due
from loopwright.app.run import run_loop
from loopwright.app.trace import journal
from loopwright.core.clock import SECOND

Project = Any
HOUR = 3600 * SECOND
DAY = 24 * HOUR
NOW = 100 * DAY
ALERT = OnAlert(cooldown=6 * HOUR, max_per_day=2)
DATA = OnNewData(dataset="table", rows=100, cooldown=6 * HOUR)


@pytest.mark.parametrize(
    ("trigger", "started", "releasing", "action", "reason"),
    [
        (ALERT, (), False, "run", ""),
        (ALERT, (), True, "suppress", "a release is under way"),
        (ALERT, (NOW - 6 * HOUR,), False, "run", ""),
        (ALERT, (NOW - 6 * HOUR + 1,), False, "suppress", "cooldown"),
        (ALERT, (NOW - 7 * HOUR,), True, "suppress", "a release is under way"),
        (ALERT, (NOW - 20 * HOUR, NOW - 7 * HOUR), False, "suppress", "2 retrains in the last day"),
        (ALERT, (NOW - DAY, NOW - 7 * HOUR), False, "run", ""),
        (DATA, (NOW - 20 * HOUR, NOW - 14 * HOUR, NOW - 7 * HOUR), False, "run", ""),
        (DATA, (NOW - HOUR,), False, "suppress", "cooldown"),
        (ALERT, (NOW,), False, "suppress", "cooldown"),
    ],
)
def test_the_brakes(trigger: Any, started: tuple[int, ...], releasing: bool, action: str, reason: str) -> None:
    decision = brakes(trigger, Past(started=started), releasing=releasing, now=NOW)
    assert decision.action == action
    assert reason in decision.reason
    assert bool(decision.reason) == (action == "suppress")


def decisions(workspace: Any) -> list[str]:
    """What the journal says of retrains, in order."""
    kinds = ("retrain_decided", "retrain_finished")
    events = [event for event in journal(workspace.stores.ledger) if event.kind in kinds]
    return [str(event.data.get("decision") or event.data.get("outcome")) for event in events]


def more(project: Project, count: int) -> None:
    x = pl.Series([0.1 * i - 10 for i in range(count)])
    project.data(pl.DataFrame({"id": range(5000, 5000 + count), "x": x, "n": [1] * count, "y": x > 1}))


def land(project: Project, workspace: Any) -> None:
    """Land the data alone, as the controller does."""
    land_all(workspace, project.loaded().datasets)


def test_enough_new_rows_start_one_retrain_and_no_second(project: Project) -> None:
    workspace = project.workspace()
    more(project, 200)
    land(project, workspace)
    loaded = project.loaded()
    assert retrain_if_due(workspace, loaded, None) == "released"
    assert retrain_if_due(workspace, loaded, None) is None
    assert retrain_if_due(workspace, loaded, None) is None
    assert decisions(workspace) == ["run", "released", "suppressed"]


def test_too_few_new_rows_start_nothing(project: Project) -> None:
    workspace = project.workspace()
    more(project, 99)
    land(project, workspace)
    assert retrain_if_due(workspace, project.loaded(), None) is None
    assert decisions(workspace) == []


def test_without_a_champion_nothing_is_retrained(bare: Project) -> None:
    workspace = bare.workspace()
    assert retrain_if_due(workspace, bare.loaded(), None) is None


def test_a_retrain_that_the_gate_refuses_counts_and_cools_down(project: Project) -> None:
    workspace = project.workspace()
    more(project, 200)
    land(project, workspace)
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    loaded = project.loaded()
    assert retrain_if_due(workspace, loaded, None) == "rejected"
    assert retrain_if_due(workspace, loaded, None) is None
    assert decisions(workspace) == ["run", "rejected", "suppressed"]


def test_a_retrain_that_fails_is_recorded_with_its_cause(project: Project) -> None:
    workspace = project.workspace()
    more(project, 200)
    land(project, workspace)
    project.change("return 5", "return -5")
    assert retrain_if_due(workspace, project.loaded(), None) == "failed"
    finished = [event for event in journal(workspace.stores.ledger) if event.kind == "retrain_finished"][-1]
    assert "train" in finished.data["why"]
    assert finished.caused_by


def test_the_run_of_a_retrain_names_its_decision_as_its_cause(project: Project) -> None:
    workspace = project.workspace()
    more(project, 200)
    land(project, workspace)
    retrain_if_due(workspace, project.loaded(), None)
    events = {event.seq: event for event in journal(workspace.stores.ledger)}
    runs = [event for event in events.values() if event.kind == "run_started"]
    assert [events[cause].kind for cause in runs[-1].caused_by] == ["retrain_decided"]
    assert run_loop(workspace, project.loaded()).judged is not None


def test_a_schedule_retrains_once_each_time_and_makes_up_for_missed_times_once(replayed: Project) -> None:
    replayed.change("lw.on_new_data(table, rows=100)", 'lw.cron("0 3 * * *")')
    workspace, loaded = replayed.workspace(replay=True), replayed.loaded()
    midnight = (workspace.clock.now() // DAY + 1) * DAY

    def at(day: int, hour: int) -> str | None:
        set_clock(workspace.stores, midnight + day * DAY + hour * HOUR)
        return retrain_if_due(workspace, loaded, None)

    at(0, 4)  # whatever was due since the first version
    assert at(1, 2) is None
    assert at(1, 3) == "unchanged"
    assert at(1, 4) is None
    assert at(9, 5) == "unchanged"
    assert at(9, 6) is None
    told = [e.data for e in journal(workspace.stores.ledger) if e.kind == "retrain_decided"][-2:]
    assert len({data["cause"] for data in told}) == 2
    assert all(str(data["cause"]).startswith("cron:0 3 * * *:") for data in told)
