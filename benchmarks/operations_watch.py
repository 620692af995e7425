"""What a look at the rules on operations costs: a minute of a log of a million rows.

`python benchmarks/operations_watch.py` prints, for each rule, the milliseconds of one look over the newest minute, and
beside it a scan of the whole log for the same columns, which a look must not be. Sealed as a controller seals: a part
every five seconds.
"""

import tempfile
from pathlib import Path
from statistics import median

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.monitor.look import Look
from loopwright.app.monitor.measures.measure import Span
from loopwright.app.monitor.measures.table import MEASURES
from loopwright.app.workspace import open_workspace
from loopwright.core.clock import SECOND, SystemClock
from loopwright.core.schema import Signature

ROWS, PARTS, LENGTH = 1_000_000, 720, 3_600 * SECOND
"""An hour at 280 requests a second, sealed every five seconds."""
RULES = {
    "latency": lw.watch.latency(at_most="50ms"),
    "error_rate": lw.watch.error_rate(at_most=0.01),
    "volume": lw.watch.volume(every="1m"),
    "data_quality": lw.watch.data_quality(),
    "behaviour": lw.watch.behaviour(True, at_most=0.5),
}


def filled(folder: Path):
    workspace = open_workspace(folder, create=True, replay=True)
    start = (workspace.clock.now() // LENGTH) * LENGTH
    set_clock(workspace.stores, start + LENGTH)
    step, each = LENGTH // PARTS, ROWS // PARTS
    for part in range(PARTS):
        rows = [
            {
                "request_id": f"{part}-{place}", "at": start + part * step + place, "event_time": start + part * step,
                "endpoint": "e", "arm": "champion", "version": "v", "inputs": {"x": 1.0, "n": place},
                "features": {}, "output": {"prediction": place % 9 == 0, "score": 0.1}, "score": 0.1,
                "latency_us": 900 + place, "status": 200, "error": None, "flags": [], "key": None, "release": None,
            }
            for place in range(each)
        ]  # fmt: skip
        workspace.stores.tables.append("requests", rows)
        workspace.stores.tables.seal("requests")
    return workspace, start


def timed(work, times=7) -> float:
    clock, taken = SystemClock(), []
    for _ in range(times):
        began = clock.monotonic()
        work()
        taken.append((clock.monotonic() - began) * 1e3)
    return median(taken)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace, start = filled(Path(folder))
        signature = Signature(task="binary", request=(), features=(), classes=(False, True), label="y")
        loop = lw.Loop("e", pipeline=lambda: None)
        look = Look(
            workspace=workspace, loop=loop, version="v", signature=signature, reference=None, log=None,
            now=start + LENGTH,
        )  # fmt: skip
        minute, until = 60 * SECOND, start + LENGTH
        last = Span(since=until - minute, until=until, period=minute, began=start)
        whole = Span(since=start, until=until, period=LENGTH, began=start)
        print(f"{'rule':14} {'a minute, ms':>14} {'whole log, ms':>14}")
        for name, rule in RULES.items():
            measure = MEASURES[type(rule)]
            memory = measure.begin(rule, look)
            small = timed(lambda m=measure, r=rule: m.read(r, look, last))
            great = timed(lambda m=measure, r=rule: m.read(r, look, whole), times=3)
            print(f"{name:14} {small:14.1f} {great:14.1f}")
            assert memory is None or isinstance(memory, dict)


if __name__ == "__main__":
    main()
