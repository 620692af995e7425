"""`kill -9` of a run at random points: what was finished stays finished, and the run goes on to the same result."""

import importlib
import random
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.events import GENESIS, digest_of
from loopwright.core.ids import random_id
from loopwright.formats.value import get_value
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.execute import Workbench, apply
from loopwright.pipelines.identify import identify
from loopwright.pipelines.plan import plan
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.store.open_stores import create_home, open_stores

LOOP = """
    import time
    from pathlib import Path
    from loopwright.pipelines.pipeline import Candidate, pipeline
    from loopwright.pipelines.step import step
    LOG = Path(__file__).with_name("log")
    def note(text):
        with LOG.open("a") as file:
            file.write(text + "\\n")
    @step
    def first(n):
        note("first")
        return [n] * 200_000
    @step
    def add(rows, k):
        note(f"add{k}")
        time.sleep(0.004)
        return [row + k for row in rows[:5000]]
    @step
    def train(parts):
        note("train")
        return sum(map(sum, parts))
    @pipeline
    def fit(n: int = 0):
        rows = first(n)
        parts = [add(rows, k) for k in range(8)]
        return Candidate(train(parts), rows)
"""
DRIVER = """
    import sys
    from pathlib import Path
    folder, n = Path(sys.argv[1]), int(sys.argv[2])
    sys.path.insert(0, str(folder))
    sys.dont_write_bytecode = True
    from loopwright.core.clock import SystemClock
    from loopwright.core.ids import random_id
    from loopwright.pipelines.cache import LedgerCache
    from loopwright.pipelines.execute import Workbench, apply
    from loopwright.pipelines.identify import identify
    from loopwright.pipelines.plan import plan
    from loopwright.pipelines.runners.in_process import InProcessRunner
    from loopwright.pipelines.runners.spawned import SpawnedRunner
    from loopwright.store.open_stores import open_stores
    import killed_loop
    clock, home = SystemClock(), folder / "home"
    stores = open_stores(home, clock=clock, ids=random_id)
    graph = killed_loop.fit.trace({"n": n})
    identities = identify(graph, sources={}, variables={})
    planned = plan(graph, identities.nodes, LedgerCache(stores.ledger, stores.blobs))
    isolated = SpawnedRunner(blobs=home / "blobs", project=folder, threads=1)
    print("go", flush=True)
    result = apply(planned, identities, Workbench(
        blobs=stores.blobs, ledger=stores.ledger, clock=clock, ids=random_id,
        in_process=InProcessRunner(stores.blobs, clock=clock), isolated=isolated))
    isolated.close()
    print(result.results["model"], flush=True)
"""


def drive(folder: Path, n: int) -> subprocess.Popen[str]:
    command = [sys.executable, str(folder / "driver.py"), str(folder), str(n)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def names(node: str) -> str:
    """`add-3` is the third call, whose k is 2."""
    base, _, count = node.partition("-")
    return base if base != "add" else f"add{int(count or 1) - 1}"


def resume(stores, n: int) -> dict[str, str]:
    """The same run again, in this process."""
    clock = SystemClock()
    graph = importlib.import_module("killed_loop").fit.trace({"n": n})
    identities = identify(graph, sources={}, variables={})
    planned = plan(graph, identities.nodes, LedgerCache(stores.ledger, stores.blobs))
    runner = InProcessRunner(stores.blobs, clock=clock)
    bench = Workbench(
        blobs=stores.blobs, ledger=stores.ledger, clock=clock, ids=random_id, in_process=runner, isolated=runner
    )  # fmt: skip
    return apply(planned, identities, bench).results


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "killed_loop.py").write_text(textwrap.dedent(LOOP))
    (tmp_path / "driver.py").write_text(textwrap.dedent(DRIVER))
    create_home(tmp_path / "home", ids=random_id, clock=SystemClock())
    yield tmp_path
    sys.modules.pop("killed_loop", None)


def test_a_killed_run_goes_on_where_it_was(folder):
    draws = random.Random(1)
    killed_within = set()
    for n in range(20):
        log = folder / "log"
        log.unlink(missing_ok=True)
        process = drive(folder, n)
        assert process.stdout.readline() == "go\n"
        time.sleep(draws.uniform(0, 0.22))
        process.send_signal(signal.SIGKILL)
        process.communicate()

        stores = open_stores(folder / "home", clock=SystemClock(), ids=random_id)
        events = stores.ledger.read(limit=10_000)
        runs = {f"run:{r.id}" for r in stores.ledger.search("run") if r.data["parameters"] == {"n": n}}
        finished = [names(e.data["step"]) for e in events if e.kind == "step_finished" and e.subject in runs]
        killed_within.add(len(finished))
        previous = GENESIS
        for event in events:
            assert event.previous == previous
            assert digest_of(event) == event.digest
            previous = event.digest

        log.unlink(missing_ok=True)
        results = resume(stores, n)
        ran_again = log.read_text().split() if log.exists() else []
        assert sorted(set(finished) & set(ran_again)) == []
        assert len(ran_again) == 10 - len(set(finished)), "and every other step ran exactly once"
        model = get_value(stores.blobs, results["model"])
        assert model == sum((n + k) * 5000 for k in range(8))
        stores.close()
    assert len(killed_within) >= 5, f"the kills fell on different points: {killed_within}"
