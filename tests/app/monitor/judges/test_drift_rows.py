"""Windows of rows, from the request log to the incident, by a watcher that is begun anew for every look."""

from typing import Any

from tests.app.monitor.test_watcher import Days

import loopwright as lw
from loopwright.app.monitor.watch import load_watch
from loopwright.app.monitor.watcher import Watcher

Project = Any


def test_a_shift_opens_an_incident_and_no_row_is_counted_twice(replayed: Project) -> None:
    rule = lw.drift("x", window="40 rows")  # the scores of these requests are not the model's own
    days = Days(replayed, rule)
    for day in range(12):
        days.live(shift=0.0 if day < 4 else 2.0)
        Watcher(days.workspace, days.loop).watch()
        Watcher(days.workspace, days.loop).watch()
        if "incident_opened" in days.incidents():
            break
    assert day >= 4
    state = load_watch(days.workspace, "small").states[rule.name]
    assert state["detector"]["windows"] == 2 * (day + 1)
    assert state["detector"]["seen_rows"] == 80 * (day + 1)
    assert days.incidents().count("incident_opened") == 1
