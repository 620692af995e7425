"""Model and feature views are one bundle: they are released and rolled back together, filled before any traffic."""

from typing import Any

from tests.app.conftest import SENSED_AT
from tests.app.releases.test_operations import WORD

import loopwright as lw
from loopwright.app.arms import current_arms
from loopwright.app.controller import Controller
from loopwright.app.online import online_features, views_of_arms
from loopwright.app.releases.operations import promote_now
from loopwright.app.releases.rollback import roll_back
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of, manifest_of, views_of
from loopwright.features.view import FeatureView
from loopwright.store.backends.sqlite_ledger import SqliteLedger

Project = Any


def seen(workspace: Any, version: str, at: int = SENSED_AT) -> dict[str, Any]:
    """What the online store answers for one version's views."""
    online = online_features(workspace, views_of(workspace, manifest_of(workspace, version)))
    return dict(online.read([({"room": "a"}, at)], workspace.clock.now())[0])


def view(workspace: Any, version: str) -> FeatureView:
    (found,) = views_of(workspace, manifest_of(workspace, version))
    return found


def test_a_rollback_brings_the_old_views_back_filled_and_kept_current(sensed: Project, monkeypatch: Any) -> None:
    workspace, loaded = sensed.workspace(), sensed.loaded()
    controller = Controller(workspace, loaded)
    controller.prepare()
    old = str(champion_of(workspace, "small"))
    sensed.change('lw.count(over="1h")', 'lw.count(over="3h")')
    judged = run_loop(workspace, sensed.loaded()).judged
    assert judged is not None
    assert judged.status == "releasing", "other views are another version"
    assert view(workspace, judged.version).features["readings"] == lw.count(over="3h")
    assert seen(workspace, judged.version)["readings"] == 90, "filled before its first request"
    promote_now(workspace, "small", WORD, override=True)
    controller.prepare()
    controller.push("sensors", [{"at": SENSED_AT, "room": "a", "heat": 5}])
    at = SENSED_AT + 1_000_000
    assert seen(workspace, old, at)["readings"] == 31, "what stands in for the champion is kept current"

    filled: list[dict[str, Any]] = []
    usual = SqliteLedger.commit

    def commit(self: SqliteLedger, **given: Any) -> Any:
        if any(ref.endswith("@arms") for ref in given.get("moves") or {}):
            filled.append(seen(workspace, old, at))
        return usual(self, **given)

    monkeypatch.setattr(SqliteLedger, "commit", commit)
    roll_back(workspace, "small", WORD)
    assert [found["readings"] for found in filled] == [31], "it was there when the arms moved"
    arms = current_arms(workspace, "small")
    assert arms is not None
    assert arms.champion.version == old
    assert view(workspace, old) in views_of_arms(workspace, arms)
    controller.push("sensors", [{"at": SENSED_AT, "room": "a", "heat": 5}])
    assert seen(workspace, old, at)["readings"] == 32
