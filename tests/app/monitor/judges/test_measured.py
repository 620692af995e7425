"""Rules on figures, from rows of the log to incidents, in a home whose clock is set."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import polars as pl
import pytest

import loopwright as lw
from loopwright.app.arrivals import Arrivals
from loopwright.app.clock import set_clock
from loopwright.app.controller import Controller
from loopwright.app.monitor.days import verdicts_of
from loopwright.app.monitor.judges.measured import NOT_WATCHED, MeasuredJudge, MeasuredState
from loopwright.app.monitor.watch import load_watch, save_watch
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.monitoring.measured import figure_detectors
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
MINUTE, HOUR = 60 * SECOND, 3_600 * SECOND


class Minutes:
    """A served model, minute by minute."""

    def __init__(self, project: Project, *rules: Any, step: int = MINUTE) -> None:
        self.workspace = project.workspace()
        self.loop = lw.Loop("small", pipeline=project.loaded().loop.pipeline, monitor=rules)
        self.version = str(champion_of(self.workspace, "small"))
        self.step = step
        self.now = (self.workspace.clock.now() // HOUR + 1) * HOUR
        self._count = 0
        self.go_to(self.now)
        self.watcher = Watcher(self.workspace, self.loop)
        self.watcher.watch()
        self.go_to(self.now + step)
        self.watcher.watch()

    def go_to(self, now: int) -> None:
        self.now = now
        set_clock(self.workspace.stores, now)

    def requests(self, count: int, *, status: int = 200, latency_us: int = 2_000, **fields: Any) -> None:
        """Requests of the period that begins now."""
        rows = []
        for place in range(count):
            self._count += 1
            rows.append(
                RequestRow(
                    request_id=f"r{self._count}",
                    at=self.now + place,
                    event_time=self.now + place,
                    endpoint="small",
                    arm="champion",
                    version=self.version,
                    inputs={"x": 0.0, "n": 1},
                    output={"prediction": False, "score": 0.1},
                    latency_us=latency_us,
                    status=status,
                    error="LW508" if status >= 500 else None,
                    **fields,
                )
            )
        RequestLog(self.workspace.stores.tables).append(rows)

    def period(self, count: int, *, look: bool = True, **fields: Any) -> None:
        """A period passes, with requests."""
        self.requests(count, **fields)
        self.go_to(self.now + self.step)
        if look:
            self.watcher.watch()

    def verdicts(self) -> dict[str, dict[str, Any]]:
        """The newest verdict of every rule."""
        (newest, *_) = self.workspace.stores.ledger.search("watch_day", order="-day")
        return {verdict["check"]: verdict for verdict in verdicts_of(newest)}

    def events(self) -> list[tuple[str, str]]:
        found = journal(self.workspace.stores.ledger)
        return [(e.kind, e.data["cause"]) for e in found if e.kind in ("incident_opened", "incident_resolved")]


def test_failing_requests_open_one_incident_of_the_endpoint_and_it_ends_when_they_end(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.error_rate(at_most=0.01), lw.watch.latency(at_most="50ms"))
    for _ in range(5):
        minutes.period(60)
    assert minutes.events() == []
    assert {verdict["outcome"] for verdict in minutes.verdicts().values()} == {"pass"}
    for _ in range(4):
        minutes.requests(40)
        minutes.period(20, status=500)
    assert minutes.events() == [("incident_opened", "endpoint:small")]
    assert minutes.verdicts()["error_rate(<= 0.01)"]["details"]["parts"] == {"LW508": pytest.approx(1 / 3)}
    for _ in range(90):
        minutes.period(60)
    assert minutes.events() == [("incident_opened", "endpoint:small"), ("incident_resolved", "endpoint:small")]


def test_slow_answers_open_an_incident_and_three_slow_ones_do_not(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.latency(at_most="50ms"))
    for _ in range(3):
        minutes.period(1, latency_us=900_000)
    assert minutes.events() == []
    assert minutes.verdicts()["latency(p99 <= 50ms)"]["outcome"] == "unknown"
    for _ in range(3):
        minutes.requests(100)
        minutes.period(20, latency_us=80_000)
    assert minutes.events() == [("incident_opened", "endpoint:small")]


def test_no_traffic_is_said_by_volume_and_unknown_to_errors(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.volume(at_least=10, every="1m", periods=2), lw.watch.error_rate(at_most=0.01))
    for _ in range(3):
        minutes.period(30)
    for _ in range(2):
        minutes.period(0)
    assert minutes.events() == [("incident_opened", "endpoint:small")]
    verdicts = minutes.verdicts()
    assert verdicts["volume(>= 10)"]["outcome"] == "fail"
    assert verdicts["error_rate(<= 0.01)"]["outcome"] == "unknown"
    assert verdicts["error_rate(<= 0.01)"]["reason"] == "no request came"


def test_every_minute_is_judged_once_whoever_watches_and_however_often(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.error_rate(at_most=0.5))
    for number in range(9):
        minutes.period(25, look=number % 3 == 2)
        watcher = minutes.watcher if number % 2 else Watcher(minutes.workspace, minutes.loop)
        if number % 3 == 2:
            assert watcher.watch() == load_watch(minutes.workspace, "small")
    watch = load_watch(minutes.workspace, "small")
    assert watch is not None
    state = watch.states["error_rate(<= 0.5)"]
    assert (state["through"], state["parts"][""]["judged"]) == (minutes.now, 9)
    assert sum(n for _, n in state["parts"][""]["recent"]) == 9 * 25


def test_a_look_that_was_not_written_is_made_again_with_the_same_result(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.error_rate(at_most=0.01))
    minutes.period(50, look=False)
    rule, judge = minutes.loop.monitor[0], MeasuredJudge()
    look = minutes.watcher._look(minutes.version, minutes.now)
    before = load_watch(minutes.workspace, "small").states[rule.name]
    first, second = judge.look(rule, before, look), judge.look(rule, before, look)
    assert first == second
    assert judge.look(rule, first.state, look).state == first.state


def test_hours_without_watch_or_requests_are_no_outage(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.volume(at_least=10, every="1h"), step=HOUR)
    minutes.period(30)
    minutes.go_to(minutes.now + 40 * HOUR)
    minutes.requests(20)
    minutes.go_to(minutes.now + HOUR)
    state = load_watch(minutes.workspace, "small").states["volume(>= 10)"]
    judged = MeasuredJudge().look(minutes.loop.monitor[0], state, minutes.watcher._look(minutes.version, minutes.now))
    assert judged.verdicts[0].outcome == "pass"
    gone = MeasuredJudge().look(
        minutes.loop.monitor[0], state, minutes.watcher._look(minutes.version, minutes.now - 5 * HOUR)
    )
    assert gone.verdicts[0].outcome == "fail"  # the hours that are watched do count


def test_a_count_of_nothing_from_before_the_watch_says_so(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.volume(at_least=10, every="1h", periods=3), step=HOUR)
    minutes.period(30)
    state = load_watch(minutes.workspace, "small").states["volume(>= 10)"]
    minutes.go_to(minutes.now + 40 * HOUR)
    judged = MeasuredJudge().look(minutes.loop.monitor[0], state, minutes.watcher._look(minutes.version, minutes.now))
    kept = msgspec.convert(judged.state, MeasuredState)
    assert kept.parts[""]["breaches"] == 3
    assert NOT_WATCHED


def test_what_was_learned_outlives_a_change_of_champion(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.volume())
    for _ in range(3):
        minutes.period(5)
    before = load_watch(minutes.workspace, "small").states["volume"]
    look = minutes.watcher._look(minutes.version, minutes.now)
    assert MeasuredJudge().begin(minutes.loop.monitor[0], look) == before


def test_a_dataset_that_grows_old_opens_an_incident_of_the_dataset(replayed: Project) -> None:
    rules = (lw.watch.freshness("table", within="2d"), lw.watch.freshness("never", within="5h"))
    minutes = Minutes(replayed, *rules, step=HOUR)
    minutes.period(0)
    verdicts = minutes.verdicts()
    assert verdicts["freshness(table, 2d)"]["outcome"] == "pass"
    assert verdicts["freshness(never, 5h)"]["outcome"] == "pass"
    for _ in range(5):
        minutes.period(0)
    assert minutes.events() == [("incident_opened", "dataset:never")]
    assert "never landed" in minutes.verdicts()["freshness(never, 5h)"]["reason"]
    minutes.go_to(minutes.now + 50 * HOUR)
    minutes.watcher.watch()
    assert minutes.events()[-1] == ("incident_opened", "dataset:table")


def test_a_rule_of_a_dataset_makes_what_arrives_land_and_a_refused_landing_opens_an_incident(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.data_quality("table"), lw.watch.volume("table", at_least=1, every="1m"))
    replayed.data(pl.DataFrame({"id": [1, 1], "x": [0.0, 1.0], "n": [1, 2], "y": [True, False]}), "twice.csv")
    Arrivals(minutes.workspace, replayed.loaded().datasets).land()
    minutes.period(0)
    assert ("incident_opened", "dataset:table") in minutes.events()
    verdict = minutes.verdicts()["data_quality(table)"]
    assert verdict["outcome"] == "fail"
    assert "id" in verdict["details"]["named"]


TABLE_VOLUME = lw.watch.volume("table", at_least=1)


@pytest.mark.parametrize(("rules", "lands"), [([TABLE_VOLUME], True), ([lw.watch.volume()], False)])
def test_the_control_process_lands_what_a_rule_watches(replayed: Project, rules: list[Any], lands: bool) -> None:
    loaded = replayed.loaded()
    quiet = lw.Loop("small", pipeline=loaded.loop.pipeline, monitor=rules)
    workspace = replayed.workspace()
    replayed.data(pl.DataFrame({"id": [9001], "x": [0.0], "n": [1], "y": [True]}), "new.csv")
    before = workspace.stores.ledger.ref(workspace.ref("dataset", "table", "latest"))
    Controller(workspace, replace(loaded, loop=quiet)).step()
    after = workspace.stores.ledger.ref(workspace.ref("dataset", "table", "latest"))
    assert (after != before) is lands


def test_states_that_were_written_under_format_1_are_read() -> None:
    """The file was written by the first version of these rules; it is never written anew."""
    kept = msgspec.json.decode((Path(__file__).parent / "golden" / "measured_1.json").read_bytes())
    said = {}
    for rule in (lw.watch.error_rate(at_most=0.01, every="1h"), lw.watch.volume(at_least=5), lw.watch.volume()):
        state = msgspec.convert(kept[rule.name], MeasuredState)
        ((part, (detector, kind)),) = figure_detectors(rule).items()
        said[rule.name] = detector.verdict(msgspec.convert(state.parts[part], kind)).outcome.value
    assert said == {"error_rate(<= 0.01)": "fail", "volume(>= 5)": "pass", "volume": "pass"}


def test_what_was_learned_under_a_clock_that_was_ahead_is_forgotten(replayed: Project) -> None:
    minutes = Minutes(replayed, lw.watch.error_rate(at_most=0.01))
    for _ in range(5):
        minutes.period(100, status=500)
    watch = load_watch(minutes.workspace, "small")
    assert watch is not None
    (name,) = watch.states
    ahead = {**watch.states[name], "through": minutes.now + 365 * 24 * HOUR}
    save_watch(
        minutes.workspace,
        "small",
        msgspec.structs.replace(watch, states={name: ahead}, looked={name: minutes.now + 365 * 24 * HOUR}),
    )
    for _ in range(3):
        minutes.period(100)
    verdict = minutes.verdicts()[name]
    assert (verdict["outcome"], verdict["value"]) == ("pass", 0.0)
