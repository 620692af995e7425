"""Looking at incidents."""

import pytest
from tests.app.monitor.scripted import FAILS, HOUR, PASSES, Project, Scene, verdict

from loopwright.app.monitor.incident_view import find_incident, incidents
from loopwright.app.monitor.words import say, silence
from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.monitoring.silence import Silence


@pytest.fixture
def scene(replayed: Project, monkeypatch: pytest.MonkeyPatch) -> Scene:
    made = Scene(replayed, monkeypatch, owner="team-small")
    made.look(FAILS)
    return made


def test_what_is_not_over_comes_first(scene: Scene) -> None:
    first = scene.incident().id
    for _ in range(3):
        scene.look(PASSES)
    scene.look(verdict(Outcome.FAIL, check="scripted", columns=("n",)))
    found = incidents(scene.workspace).incidents
    assert [(one.state, one.columns) for one in found] == [("open", ("n",)), ("resolved", ("x",))]
    assert found[1].id == first
    assert [one.id for one in incidents(scene.workspace, state="resolved").incidents] == [first]
    assert incidents(scene.workspace, endpoint="other").incidents == ()


def test_an_incident_is_shown_with_words_that_are_still_to_be_heeded(scene: Scene) -> None:
    id_ = scene.incident().id
    say(scene.workspace, id_, "acknowledge", actor="user:ann")
    say(scene.workspace, id_, "comment", actor="user:bob", reason="hm")
    found = find_incident(scene.workspace, id_[:10])
    assert (found.incident.state, found.endpoint, found.incident.owner) == ("acknowledged", "small", "team-small")
    assert [word.verb for word in found.words] == ["acknowledge", "comment"]
    say(scene.workspace, id_, "resolve", actor="user:ann")
    assert find_incident(scene.workspace, id_).incident.state == "resolved"


def test_a_silence_is_shown_and_passes_are_counted(scene: Scene) -> None:
    made = silence(scene.workspace, Silence(id="", until=scene.now + 9 * HOUR, actor="a", reason="r", at=0, column="x"))
    scene.look(PASSES)
    (line,) = incidents(scene.workspace).incidents
    assert (line.silenced, line.looks) == (made.id, 1)
    view = find_incident(scene.workspace, line.id)
    assert view.silence == made
    assert view.incident.findings[0].passes == 1


def test_a_state_that_is_none_is_refused(scene: Scene) -> None:
    with pytest.raises(UsageError, match="no state"):
        incidents(scene.workspace, state="openn")
