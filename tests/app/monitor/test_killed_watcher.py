"""A watcher that is killed between looks, or in one, ends where one that nobody killed ends."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.app.monitor.judges.test_row_windows import ROWS, Served

import loopwright as lw
from loopwright.app.monitor.watch import load_watch
from loopwright.app.trace import journal
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND
from loopwright.core.events import EventDraft

Project = Any
HOUR, DAY = 3_600 * SECOND, 86_400 * SECOND
DAYS, STEP = 9, 6 * HOUR
RULES = """[
    lw.watch.confidence_drift(window="60 rows in 1d", mean_time_between_false_alarms=100),
    lw.watch.volume(at_least=1, every="1h"),
    lw.watch.error_rate(at_most=0.5, every="1h"),
    lw.watch.concept_drift(min_labels=100, opens_incident=True),
    lw.performance("roc_auc", loss_at_most=0.1, min_labels=100),
    lw.drift(),
]"""
SCRIPT = """
import sys
from pathlib import Path
import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.loop_file import load_loop
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.workspace import open_workspace

folder = Path(sys.argv[1])
workspace = open_workspace(folder, create=True, replay=True)
loop = lw.Loop("small", pipeline=load_loop(folder / "loop.py", folder).loop.pipeline, monitor={rules})
watcher = Watcher(workspace, loop)
for now in range({start}, {end}, {step}):
    if workspace.clock.now() < now:
        set_clock(workspace.stores, now)
    if workspace.clock.now() == now:
        watcher.watch()
        print(now, flush=True)
"""


def story_of(workspace: Workspace) -> dict[str, Any]:
    """Everything that a watch has left behind, but for the names of incidents, which are drawn."""
    watch, ledger = load_watch(workspace, "small"), workspace.stores.ledger
    assert watch is not None
    return {
        "version": watch.version,
        "looked": watch.looked,
        "states": watch.states,
        "open": sorted((one.cause, sorted(one.checks)) for one in watch.book.open.values()),
        "days": {record.id: record.data for record in ledger.search("watch_day", limit=1_000)},
        "quality": {record.id: record.data for record in ledger.search("quality_day", limit=1_000)},
        "events": [event.kind for event in journal(ledger) if event.kind.startswith("incident")],
    }


def asked(project: Project, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A champion with nine days of requests and labels, some of them late; the clock stands before all of them."""
    served = Served(project, lw.watch.confidence_drift(window="60 rows in 1d", mean_time_between_false_alarms=100))
    workspace, now = served.workspace, served.workspace.clock.now()
    ref = workspace.ref("model", "small", "champion")
    moved = EventDraft(kind="ref_moved", subject="model:small", data={"to": served.version}, logical_at=now)
    workspace.stores.ledger.commit(moves={ref: served.version}, events=[moved])
    monkeypatch.setattr("tests.app.monitor.judges.test_row_windows.set_clock", lambda *_: None)
    for day in range(DAYS):
        served.live(changed=day > 4, labelled=ROWS)
        if day == 6:
            served.ask(served.today - 4, 3)
            served.label(served.today - 4)
    return served


@pytest.mark.slow
def test_a_killed_watcher_loses_and_doubles_nothing(
    replayed: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = asked(replayed, monkeypatch)
    start = served.workspace.clock.now()
    end = start + (DAYS + 3) * DAY
    script = tmp_path / "watch.py"
    script.write_text(SCRIPT.format(rules=RULES, start=start, end=end, step=STEP), encoding="utf-8")
    calm = Path(shutil.copytree(replayed.folder, tmp_path / "calm"))
    subprocess.run([sys.executable, str(script), str(calm)], check=True, stdout=subprocess.DEVNULL)
    rng, seen = np.random.default_rng(0), set[str]()
    for _ in range(4):
        child = subprocess.Popen([sys.executable, str(script), str(replayed.folder)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        seen |= {child.stdout.readline() for _ in range(int(rng.integers(3, 12)))}
        os.kill(child.pid, signal.SIGKILL)
        child.wait()
    subprocess.run([sys.executable, str(script), str(replayed.folder)], check=True, stdout=subprocess.DEVNULL)
    workspace = open_workspace(calm)
    undisturbed, killed = story_of(workspace), story_of(served.workspace)
    workspace.close()
    assert killed == undisturbed
    assert len(seen) > 10
    state = killed["states"]["confidence_drift"]
    assert (state["windows"], state["late"]) == (DAYS, 3)
    assert killed["states"]["error_rate(<= 0.5)"]["through"] > start + DAYS * DAY
    assert killed["events"]
