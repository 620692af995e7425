"""Settings that were changed between two processes."""

import pytest
from tests.app.monitor.scripted import FAILS, Project, Scene

from loopwright.app.monitor.settings_change import settings_event
from loopwright.app.trace import journal


def changes(scene: Scene) -> list[list[str]]:
    return [e.data["settings"] for e in journal(scene.workspace.stores.ledger) if e.kind == "settings_changed"]


def test_a_setting_that_was_changed_is_named_once_and_is_a_suspect(
    replayed: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    Scene(replayed, monkeypatch)
    monkeypatch.setenv("LOOPWRIGHT_DOOR_POLICY", "flag")
    scene = Scene(replayed, monkeypatch)
    assert changes(scene) == [["door_policy"]]
    scene.look(FAILS)
    assert changes(scene) == [["door_policy"]]
    explanation = scene.incident().explanation
    assert explanation is not None
    assert explanation.suspect is not None
    assert explanation.suspect.said == "changed: door_policy"


def test_a_setting_that_is_new_is_no_change() -> None:
    assert settings_event({}, {"a": "1"}, now=0) is None
    assert settings_event({"a": "1"}, {"a": "1", "b": "2"}, now=0) is None
