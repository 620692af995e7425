"""An incident's whole life in the ledger: one commit a turn, each event with its cause."""

from typing import Any

import msgspec
import pytest
from tests.app.monitor.scripted import FAILS, HOUR, PASSES, Project, Scene, severe, verdict

from loopwright.app.clock import set_clock
from loopwright.app.monitor import root_cause
from loopwright.app.monitor.watch import save_watch
from loopwright.app.monitor.words import say, silence, waiting_words
from loopwright.app.notify.outbox import notifications
from loopwright.core.verdict import Outcome
from loopwright.errors import StoreBusyError
from loopwright.monitoring.incident import LOOKS_TO_PASS, wants_retrain
from loopwright.monitoring.silence import Silence


@pytest.fixture
def scene(replayed: Project, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("LOOPWRIGHT_NOTIFY_WEBHOOKS", "http://127.0.0.1:9/hook")
    return Scene(replayed, monkeypatch, owner="team-small")


def kinds(scene: Scene) -> list[str]:
    return [event.kind for event in scene.events()]


def test_an_incident_its_explanation_and_its_message_are_written_at_once(scene: Scene) -> None:
    watch = scene.look(FAILS)
    incident = scene.incident()
    assert kinds(scene) == ["incident_opened", "incident_explained"]
    opened, explained = scene.events()
    assert (opened.data["owner"], opened.data["severity"]) == ("team-small", "warning")
    assert watch.opened == {incident.id: opened.seq}
    assert explained.caused_by == (opened.seq,)
    stored = scene.workspace.stores.ledger.record("watch", "small")
    assert stored is not None
    assert stored.data["opened"] == {}  # its number was not known when it was written, and is looked up
    (message,) = notifications(scene.workspace)
    assert (message.incident, message.news, message.channel.kind) == (incident.id, "opened", "webhook")
    assert incident.told == "warning"
    assert incident.explanation is not None
    assert incident.explanation.suspect is not None
    assert f"loopwright incident show {incident.id}" in message.text.body


def test_nothing_of_a_turn_is_there_when_its_commit_fails(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = scene.workspace.stores.ledger
    before = ledger.record("watch", "small")
    commits = []

    def fails(**given: Any) -> Any:
        commits.append(given)
        raise StoreBusyError("locked")

    scene.judge.says = {"scripted": (FAILS,)}
    set_clock(scene.workspace.stores, scene.now + HOUR)
    with monkeypatch.context() as patched:
        patched.setattr(type(ledger), "commit", lambda self, **given: fails(**given))
        with pytest.raises(StoreBusyError):
            scene.pass_()
    assert len(commits) == 1
    assert (kinds(scene), notifications(scene.workspace)) == ([], ())
    assert ledger.record("watch", "small") == before
    watch = scene.pass_()
    assert kinds(scene) == ["incident_opened", "incident_explained"]
    assert watch.states["scripted"]["looks"] == 1


def test_a_storm_is_one_incident_and_one_message(scene: Scene) -> None:
    storm = [verdict(Outcome.FAIL, check=f"check {n}", columns=(f"c{n}",)) for n in range(2_000)]
    for _ in range(3):
        scene.look(*storm)
    assert kinds(scene) == ["incident_opened", "incident_explained"]
    assert [message.news for message in notifications(scene.workspace)] == ["opened"]


def test_a_new_champion_leaves_it_mending_until_its_checks_are_seen_to_pass(scene: Scene) -> None:
    scene.look(FAILS)
    before = scene.incident()
    version = scene.new_champion()
    mending = scene.incident()
    assert (mending.id, mending.state, wants_retrain(mending)) == (before.id, "mending", False)
    for _ in range(LOOKS_TO_PASS):
        assert "incident_resolved" not in kinds(scene)
        scene.look(PASSES)
    (resolved,) = scene.events("incident_resolved")
    assert (resolved.data["ending"], resolved.data["version"]) == ("confirmed", version)
    assert resolved.data["before_after"] == {"scripted": [2000.0, 2.0]}
    everything = {e.seq: e for e in scene.workspace.stores.ledger.read(limit=10_000)}
    causes = [everything[seq] for seq in resolved.caused_by]
    assert [event.kind for event in causes] == ["incident_opened", "ref_moved"]
    assert version in causes[1].data.values()
    record = scene.workspace.stores.ledger.record("incident", before.id)
    assert record is not None
    assert record.facets["state"] == "resolved"
    assert [message.news for message in notifications(scene.workspace)] == ["resolved", "opened"]


def test_what_fails_again_under_the_new_champion_is_the_same_incident(scene: Scene) -> None:
    scene.look(FAILS)
    before = scene.incident()
    scene.new_champion()
    scene.look(PASSES)
    scene.look(FAILS)
    again = scene.incident()
    assert (again.id, again.state, again.reopened, wants_retrain(again)) == (before.id, "open", 1, True)
    assert kinds(scene).count("incident_opened") == 1
    assert kinds(scene)[-2:] == ["incident_reopened", "incident_explained"]
    assert {message.news for message in notifications(scene.workspace)} == {"opened", "reopened"}


def test_without_a_verdict_on_the_new_champion_it_is_closed_as_not_confirmed(scene: Scene) -> None:
    scene.look(FAILS)
    scene.new_champion()
    scene.look(verdict(Outcome.UNKNOWN), hours=24 * 13)
    assert scene.incident().state == "mending"
    scene.look(verdict(Outcome.UNKNOWN), hours=25)
    (resolved,) = scene.events("incident_resolved")
    assert resolved.data["ending"] == "not_confirmed"


def test_it_resolves_itself_and_its_judges_start_anew_then_and_not_before(scene: Scene) -> None:
    scene.look(FAILS)
    for _ in range(LOOKS_TO_PASS - 1):
        watch = scene.look(PASSES)
    assert watch.states["scripted"]["resets"] == 0
    watch = scene.look(PASSES)
    assert (watch.book.open, watch.states["scripted"]) == ({}, {"looks": 1 + LOOKS_TO_PASS, "resets": 1})
    (resolved,) = scene.events("incident_resolved")
    assert resolved.data["ending"] == "recovered"


def test_people_s_words_are_heeded_at_the_next_pass(scene: Scene) -> None:
    scene.look(FAILS)
    id_ = scene.incident().id
    say(scene.workspace, id_, "acknowledge", actor="user:ann")
    scene.pass_()
    assert scene.incident().state == "acknowledged"
    say(scene.workspace, id_, "resolve", actor="user:ann", reason="a sensor was moved")
    watch = scene.pass_()
    assert watch.book.open == {}
    assert waiting_words(scene.workspace, "small") == ()
    assert scene.events("incident_resolved")[0].data["ending"] == "by_hand"
    before = len(kinds(scene))
    scene.pass_()
    assert len(kinds(scene)) == before


def test_a_pass_with_nothing_to_say_writes_nothing(scene: Scene) -> None:
    scene.look(FAILS)
    before = scene.workspace.stores.ledger.record("watch", "small")
    scene.pass_()
    assert scene.workspace.stores.ledger.record("watch", "small") == before


def test_a_silence_keeps_the_message_and_not_the_record(scene: Scene) -> None:
    wished = Silence(id="", until=scene.now + 5 * HOUR, actor="user:ann", reason="a test", at=0, check="scripted")
    made = silence(scene.workspace, wished)
    scene.look(FAILS)
    assert kinds(scene) == ["incident_opened", "incident_explained"]
    (kept,) = notifications(scene.workspace)
    assert (kept.state, made.id in kept.why) == ("silenced", True)
    scene.look(FAILS, hours=5)
    assert [message.state for message in notifications(scene.workspace)] == ["waiting", "silenced"]


def test_a_rise_of_severity_is_one_more_message(replayed: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOOPWRIGHT_NOTIFY_WEBHOOKS", "http://127.0.0.1:9/hook")
    scene = Scene(replayed, monkeypatch, severe("warning"), severe("critical", "worse"))
    scene.look(FAILS)
    scene.look(verdict(Outcome.FAIL, check="worse"), rule="worse")
    assert [m.news for m in notifications(scene.workspace)] == ["raised", "opened"]
    assert scene.incident().severity == "critical"


def test_two_that_open_at_once_are_each_found_again(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    other = severe("info", "other")
    scene = Scene(scene.project, monkeypatch, severe("warning"), other)
    judge = scene.judge
    judge.causes = {"other": "endpoint:small"}
    judge.says = {"scripted": (FAILS,), "other": (verdict(Outcome.FAIL, check="other"),)}
    scene.now += HOUR
    set_clock(scene.workspace.stores, scene.now)
    watch = scene.pass_()
    opened = {event.subject: event.seq for event in scene.events("incident_opened")}
    assert {f"incident:{id_}": seq for id_, seq in watch.opened.items()} == opened
    assert len(opened) == 2


def test_an_incident_is_told_though_its_explanation_crashes(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    def crashes(*given: object) -> None:
        raise ValueError("odd")

    monkeypatch.setattr(root_cause, "upstream", crashes)
    scene.look(FAILS)
    explanation = scene.incident().explanation
    assert explanation is not None
    assert "ValueError: odd" in explanation.missing
    assert [column.column for column in explanation.columns] == ["x"]
    assert len(notifications(scene.workspace)) == 1


@pytest.mark.parametrize(("ahead_h", "looks"), [(24 * 365, 1), (1, 0)])
def test_a_clock_that_was_far_ahead_silences_no_rule(scene: Scene, ahead_h: int, looks: int) -> None:
    watch = scene.look(PASSES)
    ahead = msgspec.structs.replace(
        watch,
        looked={"scripted": scene.now + ahead_h * HOUR},
        states={"scripted": {"looks": 99, "resets": 0}},
    )
    save_watch(scene.workspace, "small", ahead)
    scene.judge.says = {"scripted": (PASSES,)}
    after = scene.pass_()
    assert after.states["scripted"]["looks"] == (looks or 99)
    assert after.looked["scripted"] == (scene.now if looks else ahead.looked["scripted"])
