"""Days of scripted requests, each judged once when it is over."""

from typing import Any

import numpy as np
import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.labelled_log import LabelledLog
from loopwright.app.monitor.days import verdicts_of
from loopwright.app.monitor.watch import load_watch
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of, manifest_of
from loopwright.core.clock import SECOND
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
DAY = 86_400 * SECOND
ROWS_A_DAY = 80


class Days:
    """A served model, day by day."""

    def __init__(self, project: Project, *rules: Any) -> None:
        self.workspace = project.workspace()
        self.loop = lw.Loop("small", pipeline=project.loaded().loop.pipeline, monitor=rules or (lw.drift(),))
        self.version = str(champion_of(self.workspace, "small"))
        self.today = self.workspace.clock.now() // DAY + 1
        self._rng = np.random.default_rng(5)
        self._number = 0
        set_clock(self.workspace.stores, self.today * DAY)
        self.watcher = Watcher(self.workspace, self.loop)
        self.watcher.watch()

    def live(self, *, shift: float = 0.0, turned: bool = False, labelled: bool = False) -> None:
        """A day passes; `shift` is what x has moved by, `turned` labels are the opposite of what the model says."""
        rows, labels, start = [], [], self.today * DAY
        for place, x in enumerate(self._rng.normal(shift, 1, ROWS_A_DAY)):
            self._number += 1
            at, score = start + (place + 1) * SECOND, float(1 / (1 + np.exp(-4 * x)))
            row = RequestRow(
                request_id=f"r{self._number}",
                at=at,
                event_time=at,
                endpoint="small",
                arm="champion",
                version=self.version,
                key=str(self._number),
                inputs={"x": float(x), "n": int(self._rng.integers(0, 9))},
                score=score,
                output={"score": score},
            )
            rows.append(row)
            if labelled:
                value = bool(self._rng.random() < score) != turned
                known = at + 60 * SECOND
                labels.append(
                    LabelRow(endpoint="small", value=value, event_time=at, at=known, source="feedback", key=row.key)
                )
        RequestLog(self.workspace.stores.tables).append(rows)
        append_labels(self.workspace.stores.tables, labels)
        self.today += 1
        set_clock(self.workspace.stores, self.today * DAY)

    def incidents(self) -> list[str]:
        return [e.kind for e in journal(self.workspace.stores.ledger) if e.kind.startswith("incident")]


def test_an_unchanged_world_opens_no_incident(replayed: Project) -> None:
    days = Days(replayed)
    for _ in range(25):
        days.live()
        days.watcher.watch()
    assert days.incidents() == []


def test_a_world_that_changed_opens_one_incident_with_the_champion_as_its_cause(replayed: Project) -> None:
    days = Days(replayed)
    for day in range(30):
        days.live(shift=0.0 if day < 5 else 2.0)
        days.watcher.watch()
        if days.incidents():
            break
    assert day >= 5
    assert days.incidents() == ["incident_opened", "incident_explained"]
    events = {event.seq: event for event in journal(days.workspace.stores.ledger)}
    opened = next(event for event in events.values() if event.kind == "incident_opened")
    assert "x" in opened.data["columns"]
    assert [events[cause].kind for cause in opened.caused_by] == ["ref_moved"]
    days.live(shift=2.0)
    days.watcher.watch()
    assert days.incidents().count("incident_opened") == 1


def test_a_day_is_judged_once_and_another_watcher_goes_on_from_there(replayed: Project) -> None:
    days = Days(replayed)
    while not days.incidents():
        days.live(shift=3.0)
        watcher = days.watcher if days.today % 2 else Watcher(days.workspace, days.loop)
        first = watcher.watch()
        assert watcher.watch() == first == load_watch(days.workspace, "small")
    figures = days.workspace.stores.ledger.search("watch_day", where={"endpoint": "small"})
    assert len(figures) == len({figure.facets["day"] for figure in figures})


def test_labels_that_say_the_opposite_open_an_incident(replayed: Project) -> None:
    days = Days(replayed, lw.performance("roc_auc", loss_at_most=0.1, min_labels=200))
    for _ in range(8):
        days.live(labelled=True)
        days.watcher.watch()
    assert days.incidents() == []
    for _ in range(12):
        days.live(labelled=True, turned=True)
        days.watcher.watch()
    assert days.incidents()[0] == "incident_opened"


def test_without_labels_performance_is_unknown_and_not_fine(replayed: Project) -> None:
    days = Days(replayed, lw.performance("roc_auc", loss_at_most=0.1, min_labels=10))
    for _ in range(4):
        days.live()
        days.watcher.watch()
    (newest, *_) = days.workspace.stores.ledger.search("watch_day", order="-day")
    assert [verdict["outcome"] for verdict in verdicts_of(newest)] == ["unknown"]


def test_without_a_champion_nothing_is_watched(bare: Project) -> None:
    assert Watcher(bare.workspace(), bare.loaded().loop).watch() is None


def test_without_a_rule_nothing_is_watched(replayed: Project) -> None:
    unwatched = lw.Loop("small", pipeline=replayed.loaded().loop.pipeline)
    assert Watcher(replayed.workspace(), unwatched).watch() is None


@pytest.fixture
def log(replayed: Project) -> tuple[Days, LabelledLog]:
    days = Days(replayed)
    signature = manifest_of(days.workspace, days.version).signature
    since = (days.today - 1) * DAY
    return days, LabelledLog(days.workspace, "small", version=days.version, signature=signature, since=since)


def label(days: Days, value: bool, *, at: int, key: str | None = None, request_id: str | None = None) -> None:
    """A label that becomes known so long after the last day."""
    known = days.today * DAY + at
    append_labels(
        days.workspace.stores.tables,
        [
            LabelRow(
                endpoint="small",
                value=value,
                event_time=known,
                at=known,
                source="feedback",
                key=key,
                request_id=request_id,
            )
        ],
    )


def after(days: Days, seconds: int) -> None:
    """Let the clock stand so many seconds after the last day."""
    set_clock(days.workspace.stores, days.today * DAY + seconds * SECOND)


def test_a_row_takes_its_label_whenever_it_comes(log: tuple[Days, LabelledLog]) -> None:
    days, rows = log
    label(days, True, key="1", at=0)
    assert len(rows.rows(0).event_time) == 0
    days.live()
    found = rows.rows(0)
    assert (len(found.event_time), found.labelled.sum(), found.label.tolist()) == (ROWS_A_DAY, 1, [True])
    label(days, False, key="2", at=SECOND)
    label(days, True, key="no such key", at=SECOND)
    after(days, 2)
    found = rows.rows(0)
    assert (found.labelled.sum(), found.label.tolist()) == (2, [True, False])


def test_of_a_label_for_the_very_request_and_one_for_its_key_the_later_known_counts(
    log: tuple[Days, LabelledLog],
) -> None:
    days, rows = log
    days.live()
    label(days, True, request_id="r1", at=SECOND)
    after(days, 2)
    assert rows.rows(0).label.tolist() == [True]
    label(days, False, key="1", at=3 * SECOND)
    label(days, False, key="2", at=3 * SECOND)
    after(days, 4)
    assert rows.rows(0).label.tolist() == [False, False]
    label(days, True, request_id="r1", at=5 * SECOND)
    after(days, 6)
    assert rows.rows(0).label.tolist() == [True, False]


def test_only_rows_since_an_event_time_are_shown_each_once(log: tuple[Days, LabelledLog]) -> None:
    days, rows = log
    days.live()
    days.live()
    assert len(rows.rows(0).event_time) == len(rows.rows(0).event_time) == 2 * ROWS_A_DAY
    late = rows.rows((days.today - 1) * DAY)
    assert len(late.event_time) == ROWS_A_DAY
    assert (np.diff(late.event_time) >= 0).all()


def test_a_rule_that_cannot_begin_is_unknown_and_the_others_are_judged(replayed: Project) -> None:
    days = Days(replayed, lw.drift("no_such_column"), lw.performance("roc_auc", loss_at_most=0.1, min_labels=10))
    days.live()
    days.watcher.watch()
    (newest, *_) = days.workspace.stores.ledger.search("watch_day", order="-day")
    first, second = verdicts_of(newest)
    assert (first["outcome"], second["check"]) == ("unknown", "performance(roc_auc, 0.1)")
    assert "no_such_column" in first["reason"]
