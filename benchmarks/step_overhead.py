"""A chain of 100 steps of `x + 1`, each durably recorded, against the same functions called plainly.

Recorded means: result and event are in the ledger before the next step starts and survive a kill of the process
(`normal`). Times are of `apply` alone; the floor with a store is 100 bare commits of one event to such a ledger.

    python benchmarks/step_overhead.py [STEPS]
"""

import importlib
import statistics
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

from loopwright.core.clock import SystemClock
from loopwright.core.events import EventDraft
from loopwright.core.ids import random_id
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.execute import Workbench, apply
from loopwright.pipelines.identify import identify
from loopwright.pipelines.plan import plan
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.store.open_stores import Stores, create_home, open_stores

TARGET_MS = 2.0
TEXT = """
from loopwright.pipelines.pipeline import pipeline
from loopwright.pipelines.step import step
@step
def same(x):
    return x + 1
@pipeline
def fit(steps: int = 100, n: int = 0):
    value = same(n)
    for _ in range(steps - 1):
        value = same(value)
    return value
"""


def chain_s(stores: Stores, steps: int, n: int) -> tuple[float, float]:
    """Seconds to plan and to apply the chain, with a fresh value so that nothing is reused."""
    clock = SystemClock()
    begun = time.perf_counter()
    graph = importlib.import_module("chain").fit.trace({"steps": steps, "n": n})
    identities = identify(graph, sources={}, variables={})
    planned = plan(graph, identities.nodes, LedgerCache(stores.ledger, stores.blobs))
    between = time.perf_counter()
    runner = InProcessRunner(stores.blobs, clock=clock)
    done = apply(
        planned,
        identities,
        Workbench(
            blobs=stores.blobs, ledger=stores.ledger, clock=clock, ids=random_id, in_process=runner, isolated=runner
        ),
    )
    assert len(done.ran) == steps
    return between - begun, time.perf_counter() - between


def commits_s(stores: Stores, count: int) -> float:
    """Seconds for as many commits of one event."""
    begun = time.perf_counter()
    for number in range(count):
        draft = EventDraft(kind="step_finished", subject="run:bench", data={"n": number})
        stores.ledger.commit(events=[draft], durability="normal")
    return time.perf_counter() - begun


def plain_s(count: int) -> float:
    """Seconds for as many plain calls."""
    same = importlib.import_module("chain").same
    value: object = 0
    begun = time.perf_counter()
    for _ in range(count):
        value = same(value)
    return time.perf_counter() - begun


def main() -> None:
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "chain.py").write_text(TEXT)
        sys.path.insert(0, name)
        home = Path(name) / ".loopwright"
        create_home(home, ids=random_id, clock=SystemClock())
        with closing(open_stores(home, clock=SystemClock(), ids=random_id)) as stores:
            chain_s(stores, steps, -1000)
            rows = [(plain_s(steps), commits_s(stores, steps), *chain_s(stores, steps, 1000 * n)) for n in range(5)]
    print(f"{steps} no-op steps, each recorded (durability normal); target: under {TARGET_MS} ms a step\n")
    labels = ("floor: plain calls", "floor: bare commits", "trace, identify, plan", "apply")
    for label, column in zip(labels, zip(*rows, strict=True), strict=True):
        print(f"{label:<30} {statistics.median(column) / steps * 1000:8.3f} ms a step")


if __name__ == "__main__":
    main()
