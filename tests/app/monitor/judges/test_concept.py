"""Losses of labelled requests, gone through at each look."""

from typing import Any

import pytest
from tests.app.monitor.test_watcher import Days

import loopwright as lw
from loopwright.app.monitor.days import verdicts_of
from loopwright.app.monitor.judges.concept import ConceptJudge
from loopwright.app.monitor.judges.table import JUDGES
from loopwright.monitoring.rules.concept_drift import ConceptDriftRule


@pytest.mark.parametrize("opens", [False, True])
def test_labels_that_turn_are_shown_and_open_an_incident_only_where_asked(replayed: Any, opens: bool) -> None:
    pytest.importorskip("river", reason="river is not installed")
    days = Days(replayed, lw.watch.concept_drift(opens_incident=opens, min_labels=200))
    for day in range(16):
        days.live(labelled=True, turned=day > 8)
        days.watcher.watch()
        (newest, *_) = days.workspace.stores.ledger.search("watch_day", order="-day")
        (verdict,) = verdicts_of(newest)
        if day == 0:
            assert verdict["outcome"] == "unknown"
        if day == 8:
            assert verdict["outcome"] == "pass"
    assert verdict["outcome"] == ("fail" if opens else "warn")
    assert days.incidents()[:1] == (["incident_opened"] if opens else [])


def test_the_table_knows_the_judge() -> None:
    assert isinstance(JUDGES[ConceptDriftRule], ConceptJudge)
