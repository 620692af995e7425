"""What people say of incidents, and silences."""

from typing import Any

import pytest
from tests.app.monitor.scripted import FAILS, HOUR, PASSES, Project, Scene

from loopwright.app.monitor.words import say, silence, silences, stored_incident, unsilence, words_on
from loopwright.app.trace import journal
from loopwright.errors import NotFoundError, UsageError
from loopwright.monitoring.silence import Silence


@pytest.fixture
def scene(replayed: Project, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(replayed, monkeypatch)
    made.look(FAILS)
    return made


def wished(scene: Scene, **given: Any) -> Silence:
    given = {"until": scene.now + HOUR, "reason": "known", "check": "scripted"} | given
    return Silence(id="", actor="user:ann", at=0, **given)


def test_a_word_is_in_the_journal_at_once_as_an_effect_of_the_opening(scene: Scene) -> None:
    incident = scene.incident()
    word = say(scene.workspace, incident.id[:10], "acknowledge", actor="user:ann", reason="I look at it")
    (event,) = [e for e in journal(scene.workspace.stores.ledger) if e.kind == "incident_acknowledged"]
    (opened,) = scene.events("incident_opened")
    assert (event.actor, event.caused_by, event.data) == ("user:ann", (opened.seq,), {"reason": "I look at it"})
    assert words_on(scene.workspace, incident.id) == (word,)


def test_what_is_over_takes_comments_only(scene: Scene) -> None:
    id_ = scene.incident().id
    for _ in range(3):
        scene.look(PASSES)
    with pytest.raises(UsageError, match="is over"):
        say(scene.workspace, id_, "acknowledge", actor="user:ann")
    say(scene.workspace, id_, "comment", actor="user:ann", reason="it was the wind")


@pytest.mark.parametrize(("verb", "reason"), [("comment", " "), ("comment", "x" * 2_001), ("dance", "x")])
def test_an_empty_or_endless_text_and_an_unknown_verb_are_refused(scene: Scene, verb: Any, reason: str) -> None:
    with pytest.raises(UsageError):
        say(scene.workspace, scene.incident().id, verb, actor="user:ann", reason=reason)


def test_an_incident_is_found_by_the_beginning_of_its_id(scene: Scene) -> None:
    id_ = scene.incident().id
    assert stored_incident(scene.workspace, id_[:9])[0].id == id_
    for wrong in ("inc_", "inc_nothing", ""):
        with pytest.raises(NotFoundError):
            stored_incident(scene.workspace, wrong)


@pytest.mark.parametrize(
    "change",
    [
        {"reason": " "},
        {"reason": "x" * 2_001},
        {"until": 0},
        {"until": 10**18},
        {"check": None},
        {"column": "x" * 501},
        {"check": None, "incident": "x" * 501},
    ],
)
def test_a_silence_has_a_reason_an_end_and_an_object(scene: Scene, change: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        silence(scene.workspace, wished(scene, **change))
    assert silences(scene.workspace) == ()


def test_a_silence_of_an_incident_that_is_not_there_is_refused(scene: Scene) -> None:
    with pytest.raises(NotFoundError):
        silence(scene.workspace, wished(scene, incident="inc_nothing"))


def test_a_silence_ends_when_somebody_says_so_or_its_time_is_up(scene: Scene) -> None:
    made = silence(scene.workspace, wished(scene))
    assert silences(scene.workspace) == (made,)
    unsilence(scene.workspace, made.id[:10], actor="user:bob")
    assert silences(scene.workspace) == ()
    with pytest.raises(NotFoundError):
        unsilence(scene.workspace, made.id, actor="user:bob")
    kinds = [e.kind for e in journal(scene.workspace.stores.ledger) if e.subject.startswith("silence:")]
    assert kinds == ["incidents_silenced", "incidents_unsilenced"]
    silence(scene.workspace, wished(scene))
    scene.look(FAILS, hours=2)
    assert silences(scene.workspace) == ()
