"""The request log becomes windows, each row once, also when the reader is killed."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.labelled_log import LabelledLog
from loopwright.app.monitor.judges.drift import DriftJudge
from loopwright.app.monitor.look import Look
from loopwright.app.monitor.watch import load_watch
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.monitor.windows import label_window, take
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.core.clock import SECOND
from loopwright.monitoring.feed import Cut, begun
from loopwright.monitoring.reference import DAY, HOUR, LABEL, PREDICTION
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any


class Served:
    """A served model and its log."""

    def __init__(self, project: Project) -> None:
        self.workspace = project.workspace()
        self.loop = lw.Loop("small", pipeline=project.loaded().loop.pipeline, monitor=[lw.drift()])
        self.version = str(champion_of(self.workspace, "small"))
        self.start = (self.workspace.clock.now() // DAY + 1) * DAY
        self._rng = np.random.default_rng(5)

    def ask(self, at: int, x: Any = None, *, event_time: int | None = None, n: Any = 3, name: str = "") -> None:
        """One request, received at so many microseconds after the start."""
        x = float(self._rng.normal()) if x is None else x
        row = RequestRow(
            request_id=name or f"r{at}",
            at=self.start + at,
            event_time=self.start + (at if event_time is None else event_time),
            endpoint="small",
            arm="champion",
            version=self.version,
            key=str(at),
            inputs={"x": x, "n": n},
            score=0.3,
            output={"score": 0.3},
        )
        RequestLog(self.workspace.stores.tables).append([row])

    def look(self, at: int) -> Look:
        manifest = manifest_of(self.workspace, self.version)
        log = LabelledLog(self.workspace, "small", version=self.version, signature=manifest.signature, since=0)
        return Look(
            workspace=self.workspace,
            loop=self.loop,
            version=self.version,
            signature=manifest.signature,
            reference=reference_of(self.workspace, manifest),
            log=log,
            now=self.start + at,
        )


def test_finished_windows_hold_counts_pairs_quantiles_and_rows(replayed: Project) -> None:
    served = Served(replayed)
    for place in range(40):
        served.ask(place * 120 * SECOND, float(place), n=place % 9)
    cut = Cut(period_us=HOUR)
    state, closed = take(begun(cut, served.start - SECOND), cut, served.look(HOUR))
    (block,) = closed.blocks
    assert block == served.start // HOUR
    assert closed.rows == {block: 30}
    assert sum(closed.columns["x"][block]) == sum(closed.columns[PREDICTION][block]) == 30
    assert set(closed.sketches) >= {"x"}
    assert state.open.rows == {}
    state, closed = take(state, cut, served.look(2 * HOUR))
    assert closed.rows == {block + 1: 10}


def test_values_of_another_type_are_missing_and_told(replayed: Project) -> None:
    served = Served(replayed)
    for place in range(10):
        served.ask(place * SECOND, "far" if place < 4 else "2.5")
    cut = Cut(rows=10)
    _, closed = take(begun(cut, served.start - SECOND), cut, served.look(HOUR))
    assert closed.misfits["x"] == {0: 4}
    assert closed.columns["x"][0][-1] == 4


def test_labels_are_counted_in_the_window_of_their_request(replayed: Project) -> None:
    served = Served(replayed)
    for place in range(6):
        served.ask(place * HOUR)
        known = served.start + 3 * DAY
        append_labels(
            served.workspace.stores.tables,
            [
                LabelRow(
                    endpoint="small", value=place % 2 == 0, event_time=served.start, at=known, source="feedback",
                    key=str(place * HOUR),
                )
            ],
        )  # fmt: skip
    look = served.look(4 * DAY)
    assert look.reference is not None
    day = served.start // DAY
    window = label_window(look, look.reference, period_us=DAY, first=day, end=day + 1)
    assert sum(window.columns[LABEL][day]) == 6
    assert label_window(look, look.reference, period_us=DAY, first=day + 1, end=day + 2).columns.get(LABEL, {}) == {}
    assert label_window(look, look.reference, period_us=DAY, first=day, end=day).columns == {}


@pytest.mark.parametrize("options", [{"reference": "rolling"}, {"reference": "seasonal"}, {"window": "1h"}])
def test_every_kind_of_reference_and_window_is_watched_from_the_log(replayed: Project, options: Any) -> None:
    served = Served(replayed)
    loop = lw.Loop("small", pipeline=replayed.loaded().loop.pipeline, monitor=[lw.drift(**options)])
    set_clock(served.workspace.stores, served.start - 1)
    Watcher(served.workspace, loop).watch()
    for hour in range(60):
        for place in range(3):
            served.ask(hour * HOUR + place)
    for day in range(1, 4):
        set_clock(served.workspace.stores, served.start + day * DAY)
        Watcher(served.workspace, loop).watch()
    watch = load_watch(served.workspace, "small")
    assert watch is not None
    state = watch.states[loop.monitor[0].name]
    assert sum(state["kept"]["rows"].values()) >= 36
    assert len(msgspec.json.encode(state)) < 300_000
    (day_record, *_) = served.workspace.stores.ledger.search("watch_day", where={"endpoint": "small"}, limit=1)
    (verdict,) = day_record.data["rules"][loop.monitor[0].name]["verdicts"]
    assert ("a rolling one is the report's alone" in verdict["reason"]) == (options == {"reference": "rolling"})


def test_a_state_of_format_1_goes_on(replayed: Project) -> None:
    served = Served(replayed)
    set_clock(served.workspace.stores, served.start - 1)
    watcher = Watcher(served.workspace, served.loop)
    watch = watcher.watch()
    assert watch is not None
    judge = lw.drift()
    served.ask(5)
    old = {"through": served.start // DAY, "detector": {"columns": []}}
    judged = DriftJudge().look(judge, old, served.look(DAY))
    assert judged.state["format_version"] == 2
    assert sum(judged.state["kept"]["rows"].values()) == 1


@pytest.mark.slow
def test_a_watcher_that_is_killed_anywhere_counts_every_row_once(replayed: Project, tmp_path: Path) -> None:
    served = Served(replayed)
    rows, minutes = 1_000, 40
    for place in range(rows):
        served.ask(place * minutes * 60 * SECOND // rows + 1, name=f"q{place}")
    script = tmp_path / "watch.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import sys
            from pathlib import Path
            import loopwright as lw
            from loopwright.app.clock import set_clock
            from loopwright.app.loop_file import load_loop
            from loopwright.app.monitor.watcher import Watcher
            from loopwright.app.workspace import open_workspace
            folder = Path({str(replayed.folder)!r})
            workspace = open_workspace(folder, create=True, replay=False)
            loaded = load_loop(folder / "loop.py", folder)
            loop = lw.Loop("small", pipeline=loaded.loop.pipeline, monitor=[lw.drift(window="60 rows")])
            watcher = Watcher(workspace, loop)
            for minute in range({minutes + 3}):
                now = {served.start} + minute * {60 * SECOND}
                if workspace.clock.now() < now:
                    set_clock(workspace.stores, now)
                watcher.watch()
                print(minute, flush=True)
            print("done", flush=True)
            """
        ),
        encoding="utf-8",
    )
    set_clock(served.workspace.stores, served.start)
    rng = np.random.default_rng(0)
    said = ""
    for _ in range(4):
        child = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, cwd=replayed.folder)
        assert child.stdout is not None
        for _ in range(int(rng.integers(4, 14))):
            said = child.stdout.readline()
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    subprocess.run([sys.executable, str(script)], check=True, stdout=subprocess.DEVNULL, cwd=replayed.folder)
    assert said
    watch = load_watch(served.workspace, "small")
    assert watch is not None
    feed = watch.states["drift(window=60 rows)"]["feed"]
    assert feed["rows"] == rows
    assert feed["open"]["rows"] == {str(rows // 60): rows % 60}
