"""What re-evaluation says, and when it says that it does not know."""

from typing import Any

from tests.app.retraining.fallen import ask, fallen

from loopwright.app.monitor.judges.reevaluation import checks_of
from loopwright.app.monitor.watcher import Watcher
from loopwright.gates.behaviour import monotonic
from loopwright.gates.builtin import at_least, not_worse_than_champion

Project = Any


def verdict_of(replayed: Project, home: Any) -> dict[str, Any]:
    """The verdict of the look a day later."""
    watcher = Watcher(home.workspace, replayed.loaded().loop)
    watcher.watch()
    return _later(home, watcher)


def _later(home: Any, watcher: Watcher) -> dict[str, Any]:
    home.at(25)
    watcher.watch()
    (day,) = home.workspace.stores.ledger.search("watch_day", where={"endpoint": "small"}, limit=1)
    rule: dict[str, Any] = day.data["rules"]["reevaluation(daily)"]
    found: dict[str, Any] = rule["verdicts"][0]
    return found


def looked(replayed: Project, **asked: Any) -> dict[str, Any]:
    home = fallen(replayed)
    watcher = Watcher(home.workspace, replayed.loaded().loop)
    watcher.watch()
    if asked:
        ask(home, **asked)
    return _later(home, watcher)


def test_no_labels_are_no_verdict(replayed: Project) -> None:
    found = looked(replayed, count=800, labelled=False)
    assert found["outcome"] == "unknown"
    assert found["reason"] == "0 labelled requests of 500"


def test_too_few_labels_are_no_verdict(replayed: Project) -> None:
    found = looked(replayed, count=499)
    assert (found["outcome"], found["n"]) == ("unknown", 499)


def test_no_requests_are_no_verdict(replayed: Project) -> None:
    assert looked(replayed)["outcome"] == "unknown"


def test_a_champion_that_still_passes(replayed: Project) -> None:
    found = looked(replayed, count=600, inverted=False)
    assert found["outcome"] == "pass"
    assert found["value"] > 0.8
    assert found["n"] == 600


def test_a_champion_that_has_fallen(replayed: Project) -> None:
    found = looked(replayed, count=600)
    assert found["outcome"] == "fail"
    assert found["value"] < 0.3
    assert "600 labelled requests" in found["reason"]
    assert found["details"]["checks"] == {"at_least(roc_auc, 0.6)": "fail"}


def test_a_figure_below_its_threshold_within_its_interval_only_warns(replayed: Project) -> None:
    home = fallen(replayed)
    replayed.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 0.93)')
    watcher = Watcher(home.workspace, replayed.loaded().loop)
    watcher.watch()
    ask(home, 600, inverted=False)
    found = _later(home, watcher)
    assert found["outcome"] == "warn"
    assert found["value"] < 0.93 < found["interval"][1]
    assert "within its interval" in found["reason"]


def test_only_rules_that_stand_by_themselves_are_asked() -> None:
    gate = [at_least("roc_auc", 0.6), not_worse_than_champion("roc_auc", 0.01), monotonic("x")]
    assert [check.name for check in checks_of(gate)] == ["at_least(roc_auc, 0.6)"]
    assert checks_of(gate[1:]) == ()
