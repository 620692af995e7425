"""What sets a retrain off, how it ends, and what the journal says of it."""

from typing import Any

import polars as pl
import pytest
from tests.app.retraining.here import Here, Stuck, decisions, here, once

from loopwright.app.clock import set_clock
from loopwright.app.landing import land_all
from loopwright.app.monitor.watch import Watch
from loopwright.app.retraining.alone import take_lock, training_alone
from loopwright.app.retraining.past import past_of
from loopwright.app.retraining.requests import accept, dismiss, open_suggestions, request_retrain
from loopwright.app.retraining.retrain import in_flight, retrains
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.run import run_loop
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.errors import ConflictError, NotFoundError, UsageError
from loopwright.monitoring.incident import Finding, Incident, IncidentBook

Project = Any
HOUR = 3600 * SECOND
DAY = 24 * HOUR


def more(project: Project, count: int = 200, *, name: str = "more.csv", first: int = 5000) -> None:
    x = pl.Series([0.1 * i - 10 for i in range(count)])
    project.data(pl.DataFrame({"id": range(first, first + count), "x": x, "n": [1] * count, "y": x > 1}), name)


def land(project: Project, workspace: Any) -> None:
    """Land the data alone, as the controller does."""
    land_all(workspace, project.loaded().datasets)


def events(workspace: Any, kind: str) -> list[Any]:
    return [event for event in journal(workspace.stores.ledger) if event.kind == kind]


def watched(workspace: Any, count: int = 1, *, cause: str = "version:x", check: str = "drift") -> Watch:
    """A state of watching with open incidents."""
    finding = Finding(check=check, reason="x moved", columns=("x",), value=1.0, threshold=0.5, first_at=1, last_at=1)
    made = [
        Incident(id=f"inc_{i}", cause=f"{cause}{i or ''}", opened_at=1, updated_at=1, findings=(finding,))
        for i in range(count)
    ]
    version = str(champion_of(workspace, "small"))
    return Watch(version=version, book=IncidentBook(open={one.cause: one for one in made}))


def test_enough_new_rows_start_one_retrain_and_no_second(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace)
    assert once(retrainer) == "released"
    assert once(retrainer) is None
    assert once(retrainer) is None
    assert decisions(workspace) == ["run", "released", "suppressed"]
    (retrain,) = retrains(workspace)
    assert retrain.state == "ended"
    assert retrain.run.startswith("run_")
    assert retrain.release.startswith("rel_")
    assert retrain.verdict == "pass"
    assert retrain.seconds > 0


def test_too_few_new_rows_start_nothing(project: Project) -> None:
    workspace = project.workspace()
    more(project, 99)
    land(project, workspace)
    assert once(here(project, workspace)) is None
    assert decisions(workspace) == []


def test_without_a_champion_nothing_is_retrained(bare: Project) -> None:
    workspace = bare.workspace()
    assert once(here(bare, workspace)) is None


def test_a_retrain_that_the_gate_refuses_counts_and_answers_its_cause(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    retrainer = here(project, workspace)
    assert once(retrainer) == "rejected"
    assert once(retrainer) is None
    assert decisions(workspace) == ["run", "rejected", "suppressed"]
    assert events(workspace, "retrain_decided")[-1].data["reason"] == "a retrain has answered this: rejected"
    assert "roc_auc" in retrains(workspace)[0].why


def test_a_retrain_that_fails_is_recorded_with_its_cause_and_backs_off(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    project.change("return 5", "return -5")
    retrainer = here(project, workspace)
    assert once(retrainer) == "failed"
    finished = events(workspace, "retrain_finished")[-1]
    assert "train" in finished.data["why"]
    assert finished.caused_by
    assert once(retrainer) is None
    assert "2 times as long" in events(workspace, "retrain_decided")[-1].data["reason"]


def test_the_run_of_a_retrain_names_its_decision_as_its_cause(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    once(here(project, workspace))
    known = {event.seq: event for event in journal(workspace.stores.ledger)}
    runs = [event for event in known.values() if event.kind == "run_started"]
    assert [known[cause].kind for cause in runs[-1].caused_by] == ["retrain_decided"]
    assert run_loop(workspace, project.loaded()).judged is not None


def test_a_schedule_retrains_once_each_time_and_makes_up_for_missed_times_once(replayed: Project) -> None:
    replayed.change("lw.on_new_data(table, rows=100)", 'lw.cron("0 3 * * *")')
    workspace = replayed.workspace(replay=True)
    retrainer = here(replayed, workspace)
    midnight = (workspace.clock.now() // DAY + 1) * DAY

    def at(day: int, hour: int) -> str | None:
        set_clock(workspace.stores, midnight + day * DAY + hour * HOUR)
        return once(retrainer)

    at(0, 4)  # whatever was due since the first version
    assert at(1, 2) is None
    assert at(1, 3) == "unchanged"
    assert at(1, 4) is None
    assert at(9, 5) == "unchanged"
    assert at(9, 6) is None
    told = [event.data for event in events(workspace, "retrain_decided") if event.data["decision"] == "run"][-2:]
    assert len({data["cause"] for data in told}) == 2
    assert all(str(data["cause"]).startswith("cron:0 3 * * *:") for data in told)


def test_ten_thousand_alarms_give_one_retrain(project: Project) -> None:
    project.change("lw.on_new_data(table, rows=100)", "lw.on_alert()")
    workspace = project.workspace()
    watch = watched(workspace, 10_000)
    retrainer = here(project, workspace)
    assert once(retrainer, watch) == "unchanged"
    for _ in range(3):
        assert once(retrainer, watch) is None
    assert decisions(workspace) == ["run", "unchanged", "suppressed"]
    assert "9999 more incidents" in events(workspace, "retrain_decided")[0].data["reason"]


@pytest.mark.parametrize(
    ("trigger", "cause", "starts"),
    [
        ('lw.on_alert(checks=["drift"])', "version:x", True),
        ('lw.on_alert(checks=["performance"])', "version:x", False),
        ('lw.on_alert(severity="critical")', "version:x", False),
        ('lw.on_alert(severity="warning")', "version:x", True),
        ("lw.on_alert()", "endpoint:small", False),
        ("lw.on_alert()", "dataset:table", False),
    ],
)
def test_which_incidents_start_a_retrain(project: Project, trigger: str, cause: str, starts: bool) -> None:
    project.change("lw.on_new_data(table, rows=100)", trigger)
    workspace = project.workspace()
    started = here(project, workspace).step(watched(workspace, cause=cause))
    assert started == ("started" if starts else None)


def test_while_one_runs_no_other_starts_and_its_progress_is_seen(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace, Stuck)
    assert retrainer.step(None) == "started"
    assert retrainer.step(None) is None
    running = in_flight(workspace, "small")
    assert running is not None
    assert running.progress is not None
    assert running.progress.step == "train"
    assert here(project, workspace).step(None) is None  # another controller
    with pytest.raises(ConflictError, match="being trained already"), training_alone(workspace, "small", "a run"):
        pass
    retrainer.stop()
    assert in_flight(workspace, "small") is None
    assert decisions(workspace) == ["run", "failed"]


def test_a_run_by_hand_holds_a_retrain_back_and_it_starts_afterwards(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace)
    with training_alone(workspace, "small", "a run by hand"):
        assert once(retrainer) is None
    assert "a run by hand" in events(workspace, "retrain_decided")[-1].data["reason"]
    assert once(retrainer) == "released"


def test_a_controller_that_died_leaves_a_failed_retrain_and_a_cooldown(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    dead = here(project, workspace, Stuck)
    assert dead.step(None) == "started"
    _let_go(dead)
    retrainer = here(project, workspace)
    assert retrainer.step(None) == "failed"
    assert "its process ended" in events(workspace, "retrain_finished")[-1].data["why"]
    assert retrainer.step(None) is None
    assert decisions(workspace) == ["run", "failed", "suppressed"]
    assert len(past_of(workspace, "small").started) == 1


def test_what_a_dead_retrain_had_released_stays_released(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    dead = here(project, workspace, Stuck)
    dead.step(None)
    Here(_running(dead).flight.errand, project.folder / "scratch").said()
    _let_go(dead)
    assert here(project, workspace).step(None) == "released"
    (retrain,) = retrains(workspace)
    assert retrain.release
    assert retrain.candidate
    assert len(events(workspace, "release_started")) == 1


def _running(retrainer: Retrainer) -> Any:
    return retrainer._running


def _let_go(retrainer: Retrainer) -> None:
    """What the kernel does when a process is killed."""
    _running(retrainer).lock.release()


def test_of_two_controllers_one_starts(project: Project) -> None:
    workspace, other = project.workspace(), project.workspace()
    more(project)
    land(project, workspace)
    first, second = here(project, workspace, Stuck), here(project, other, Stuck)
    assert [first.step(None), second.step(None)] == ["started", None]
    assert second.step(None) is None
    first.stop()


def test_one_that_takes_too_long_is_stopped(project: Project) -> None:
    project.change(
        "[lw.on_new_data(table, rows=100)]", 'lw.Retraining(on=[lw.on_new_data(table, rows=100)], at_most="1ms")'
    )
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace, Stuck)
    retrainer.step(None)
    assert retrainer.wait() == "failed"
    assert "it may take no longer" in retrains(workspace)[0].why
    lock = take_lock(workspace, "small", "a test")
    assert lock is not None
    lock.release()


def test_what_a_retrain_costs_is_recorded(project: Project) -> None:
    project.change(
        "[lw.on_new_data(table, rows=100)]",
        'lw.Retraining(on=[lw.on_new_data(table, rows=100)], price="0.50 USD/run", budget="0.60 USD/day")',
    )
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace)
    assert once(retrainer) == "released"
    assert str(retrains(workspace)[0].cost) == "0.50 USD"
    assert events(workspace, "retrain_finished")[-1].data["cost"] == "0.50 USD"


def test_a_person_gets_a_retrain_without_any_trigger(project: Project) -> None:
    workspace = project.workspace()
    request = request_retrain(workspace, "small", reason="a new contract", actor="user:a")
    retrainer = here(project, workspace)
    assert once(retrainer) == "unchanged"
    assert once(retrainer) is None
    decided = events(workspace, "retrain_decided")[0]
    assert decided.actor == "user:a"
    assert decided.caused_by == (request.event,)
    assert decided.data["trigger"] == "manual"


def test_a_loop_in_suggest_mode_suggests_once_and_runs_when_it_is_accepted(project: Project) -> None:
    project.change(
        "[lw.on_new_data(table, rows=100)]", 'lw.Retraining(on=[lw.on_new_data(table, rows=100)], mode="suggest")'
    )
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = here(project, workspace)
    assert [once(retrainer), once(retrainer)] == [None, None]
    (suggestion,) = open_suggestions(workspace, "small")
    assert suggestion.command == f"loopwright retrain accept {suggestion.id}"
    assert decisions(workspace) == ["suggested"]
    accept(workspace, suggestion.id, reason="", actor="user:a")
    assert once(retrainer) == "released"
    assert open_suggestions(workspace, "small") == ()
    with pytest.raises(UsageError, match="accepted"):
        dismiss(workspace, suggestion.id, reason="", actor="user:a")
    with pytest.raises(NotFoundError):
        accept(workspace, "sug_none", reason="", actor="user:a")


def test_a_dismissed_suggestion_is_not_made_again_and_one_whose_cause_is_gone_is_taken_back(project: Project) -> None:
    project.change("[lw.on_new_data(table, rows=100)]", 'lw.Retraining(on=[lw.on_alert()], mode="suggest")')
    workspace = project.workspace()
    retrainer, watch = here(project, workspace), watched(workspace)
    retrainer.step(watch)
    retrainer.step(watched(workspace, 0))
    assert open_suggestions(workspace, "small") == ()
    other = watched(workspace, 2)
    more_open = Watch(version=other.version, book=IncidentBook(open={"version:x1": other.book.open["version:x1"]}))
    retrainer.step(more_open)
    (again,) = open_suggestions(workspace, "small")
    dismiss(workspace, again.id, reason="known", actor="user:a")
    retrainer.step(more_open)
    assert open_suggestions(workspace, "small") == ()


def test_a_champion_without_an_origin_starts_nothing_and_says_so(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    record = workspace.stores.ledger.record("origin", str(champion_of(workspace, "small")))
    workspace.stores.ledger.commit(records=[type(record)(kind="origin", id=record.id, data={}, at=record.at)])
    retrainer = here(project, workspace)
    assert once(retrainer) is None
    assert "not recorded" in retrainer.standings(None)[0].words


@pytest.mark.slow
def test_a_retrain_in_a_process_of_its_own(project: Project) -> None:
    workspace = project.workspace()
    more(project)
    land(project, workspace)
    retrainer = Retrainer(workspace, project.loaded())
    assert retrainer.step(None) == "started"
    assert take_lock(workspace, "small", "a test") is None
    assert retrainer.wait() == "released"
    assert decisions(workspace) == ["run", "released"]
    lock = take_lock(workspace, "small", "a test")
    assert lock is not None
    lock.release()
