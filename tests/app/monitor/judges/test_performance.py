"""Performance of a served model by the day of the request: late labels, corrected labels, restarts."""

from typing import Any

import numpy as np
import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.monitor.judges.performance import PerformanceJudge, split_columns
from loopwright.app.monitor.quality_days import quality_days
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.versions import champion_of
from loopwright.core.clock import SECOND
from loopwright.monitoring.quality_day import QualityDay
from loopwright.observations.labels import CHOSEN, LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
DAY = 86_400 * SECOND
ROWS = 60
RULE = lw.performance("roc_auc", loss_at_most=0.1, min_labels=100, by="n")


class Served:
    """A model that answers, and labels that come when they are said to."""

    def __init__(self, project: Project) -> None:
        self.workspace = project.workspace()
        self.loop = lw.Loop("small", pipeline=project.loaded().loop.pipeline, monitor=[RULE])
        self.version = str(champion_of(self.workspace, "small"))
        self.first = self.workspace.clock.now() // DAY + 1
        self.today = self.first
        self._rng = np.random.default_rng(3)
        self.truth: dict[str, bool] = {}
        set_clock(self.workspace.stores, self.today * DAY)
        self.watcher = Watcher(self.workspace, self.loop)
        self.watcher.watch()

    def day(self, *, labelled: bool = True) -> None:
        rows = []
        for place in range(ROWS):
            at, x = self.today * DAY + (place + 1) * SECOND, float(self._rng.normal())
            score, key = float(1 / (1 + np.exp(-4 * x))), f"{self.today}-{place}"
            self.truth[key] = bool(self._rng.random() < score)
            rows.append(
                RequestRow(
                    request_id=f"r{key}", at=at, event_time=at, endpoint="small", arm="champion",
                    version=self.version, key=key, inputs={"x": x, "n": place % 2}, score=score,
                    output={"score": score},
                )
            )  # fmt: skip
        RequestLog(self.workspace.stores.tables).append(rows)
        if labelled:
            self.label(self.today)
        self.today += 1
        set_clock(self.workspace.stores, self.today * DAY)
        self.watcher.watch()

    def label(self, day: int, *, turned: bool = False, times: int = 1, source: str = "late") -> None:
        at = self.today * DAY + 3_600 * SECOND
        rows = [
            LabelRow(endpoint="small", value=value != turned, event_time=at, at=at, source=source, key=key)
            for key, value in self.truth.items()
            if key.startswith(f"{day}-")
        ]
        append_labels(self.workspace.stores.tables, rows * times)

    def kept(self) -> dict[int, QualityDay]:
        found = quality_days(self.workspace.stores.ledger, "small", rule=RULE.name)
        assert len({one.day for one in found}) == len(found)
        return {one.day: one for one in found}

    def said(self) -> list[dict[str, Any]]:
        """The verdicts of the last look."""
        (day,) = self.workspace.stores.ledger.search("watch_day", where={"endpoint": "small"}, limit=1)
        found: list[dict[str, Any]] = day.data["rules"][RULE.name]["verdicts"]
        return found

    def restart(self) -> None:
        self.watcher = Watcher(self.workspace, self.loop)


@pytest.fixture
def served(replayed: Project) -> Served:
    return Served(replayed)


def test_labels_that_come_late_change_the_day_of_their_requests_and_no_other(served: Served) -> None:
    served.day(labelled=False)
    for _ in range(4):
        served.day()
    before = served.kept()
    assert (before[served.first].requests, before[served.first].labelled) == (ROWS, 0)
    assert "roc_auc" not in before[served.first].figures
    served.label(served.first)
    served.day()
    after = served.kept()
    assert after[served.first].labelled == ROWS
    assert after[served.first].figures["roc_auc"] > 0.8
    assert all(after[day] == before[day] for day in before if day != served.first)


def test_a_label_that_changes_is_corrected_and_not_added(served: Served) -> None:
    served.day()
    served.day()
    before = served.kept()[served.first]
    served.label(served.first, turned=True)
    served.day()
    after = served.kept()[served.first]
    assert after.labelled == before.labelled == ROWS
    assert after.figures["roc_auc"] == pytest.approx(1 - before.figures["roc_auc"])


def test_a_label_that_is_sent_again_counts_once(served: Served) -> None:
    served.day()
    before = served.kept()[served.first]
    served.label(served.first, times=3)
    served.day()
    assert served.kept()[served.first] == before


def test_a_batch_of_labels_chosen_because_they_are_odd_changes_no_verdict_and_a_random_one_does(
    served: Served,
) -> None:
    for labelled in (True, True, True, False):
        served.day(labelled=labelled)
    served.day(labelled=False)
    before, kept = served.said(), served.kept()
    for day in range(served.first, served.today):
        served.label(day, turned=True, source=f"{CHOSEN}lb1")
    served.day(labelled=False)
    assert [(one["value"], one["n"]) for one in served.said()] == [(one["value"], one["n"]) for one in before]
    assert {day: found for day, found in served.kept().items() if day in kept} == kept
    for day in range(served.first, served.today):
        served.label(day, turned=True, source="labelling/lb1")
    served.day(labelled=False)
    after = served.said()
    assert before[0]["value"] > 0.8 > 0.2 > after[0]["value"]
    assert after[0]["n"] > before[0]["n"]


def test_another_process_goes_on_where_the_first_stopped(served: Served) -> None:
    for _ in range(3):
        served.day()
    watch = served.watcher.watch()
    before = served.kept()
    served.restart()
    assert served.watcher.watch() == watch
    served.day()
    after = served.kept()
    assert {day: after[day] for day in before} == before
    assert len(after) == len(before) + 1


def test_slices_of_a_request_are_kept_by_day(served: Served) -> None:
    served.day()
    by_n = served.kept()[served.first].slices["n"]
    assert {name: one.requests for name, one in by_n.items()} == {"0": ROWS // 2, "1": ROWS // 2}


def test_what_was_dealt_with_is_not_held_against_the_model_again(served: Served) -> None:
    state = {"since": 0, "seen": {"1": 2}}

    class Now:
        now = 50 * DAY

    assert PerformanceJudge().reset(RULE, state, Now()) == {"since": 50, "seen": {"1": 2}}


def test_columns_are_named_once() -> None:
    rules = [RULE, lw.performance("brier", loss_at_most=1, by=("n", "x")), lw.drift()]
    assert split_columns(rules) == ("n", "x")
