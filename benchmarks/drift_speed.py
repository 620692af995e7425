"""How fast are two tables compared, and a stream counted? Beside Evidently and NannyML, in one run.

    python benchmarks/drift_speed.py [--quick] [--only NAME ...]

The table of `drift_worlds.py`: 25 mixed columns, 100,000 against 100,000 rows and a million against a million, from
tables in memory to a finished result; then 1,000 columns (600 numbers, 400 categories) of 100,000 rows; then a stream
of chunks counted into windows on one core, with the memory of the process before and after. Each figure is measured in
a process of its own, the best of three (of one for the slow ones), as wall time and as processor time of all threads:
on a busy machine only the latter means much. Peers have environments of their own under `benchmarks/.peers`, as
`drift_simulation.py --install` makes them; `--quick` leaves out the million. The floor is the time that NumPy takes to
sort the numbers of one side once.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from drift_worlds import LEVELS, names, rows_of

HERE = Path(__file__).resolve().parent
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
ONE_CORE = {name: "1" for name in ("POLARS_MAX_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
CASES = {
    "25 columns, 100 k x 100 k": ("narrow", 100_000),
    "25 columns, 1 M x 1 M": ("narrow", 1_000_000),
    "1,000 columns, 100 k x 100 k": ("wide", 100_000),
}
STREAM_CHUNK, STREAM_CHUNKS = 100_000, 40


def narrow(rows, seed):
    """Columns by name: numbers, and categories as text."""
    numbers, codes = rows_of(np.random.default_rng(seed), rows)
    of_number, of_category = names()
    found = {name: numbers[:, i] for i, name in enumerate(of_number)}
    levels = np.array(list(LEVELS))
    return found | {name: levels[codes[:, i]] for i, name in enumerate(of_category)}


def wide(rows, seed):
    """600 numbers and 400 categories."""
    rng = np.random.default_rng(seed)
    levels = np.array(list(LEVELS))
    found = {f"n{i}": rng.normal(size=rows) for i in range(600)}
    return found | {f"c{i}": levels[rng.integers(0, 5, size=rows)] for i in range(400)}


def timed(work, times):
    """Best wall and processor seconds of so many runs."""
    best = (float("inf"), float("inf"))
    for _ in range(times):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        best = min(best, (time.perf_counter() - wall, time.process_time() - cpu), key=lambda found: found[1])
    return best


def peak_gb():
    """Greatest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


def compared(tool, shape, rows):
    """What a tool's work is on this case: a function without arguments."""
    before, now = (globals()[shape](rows, seed) for seed in (0, 1))
    if tool == "loopwright":
        import polars as pl

        from loopwright.monitoring.compare import compare

        first, second = pl.DataFrame(before), pl.DataFrame(now)
        compare(first.head(1_000), second.head(1_000))
        return lambda: compare(first, second)
    if tool == "floor":
        numbers = [values for values in now.values() if values.dtype.kind == "f"]
        return lambda: [np.sort(values) for values in numbers]
    import pandas as pd

    first, second = pd.DataFrame(before), pd.DataFrame(now)
    return of_evidently(first, second) if tool == "evidently" else of_nannyml(first, second)


def of_evidently(first, second):
    """All columns by the tests that it chooses."""
    from evidently import Report
    from evidently.presets import DataDriftPreset

    return lambda: Report([DataDriftPreset()]).run(second, first).dict()


def of_nannyml(first, second):
    """All columns by its default methods, the second table as one chunk."""
    import nannyml as nml

    def work():
        calculator = nml.UnivariateDriftCalculator(column_names=list(first.columns), chunk_number=1)
        calculator.fit(first).calculate(second)

    return work


def stream():
    """Values a second of processor time, and the growth of memory over the second half of the stream."""
    from drift_simulation import columns_of, reference_of

    from loopwright.monitoring.sketch import sketch_bytes
    from loopwright.monitoring.window import Window, count_blocks, merge

    reference = reference_of(np.random.default_rng(1))
    chunks = [columns_of(np.random.default_rng(seed), STREAM_CHUNK) for seed in range(4)]
    window, block, half = Window(), np.zeros(STREAM_CHUNK, dtype=np.int64), 0.0
    started = time.process_time()
    for i in range(STREAM_CHUNKS):
        window = merge(window, count_blocks(chunks[i % 4], block, reference))
        half = peak_gb() if i == STREAM_CHUNKS // 2 else half
    counting = time.process_time() - started
    started = time.process_time()
    for values in chunks[0].values():
        sketch_bytes(values)
    sketching = (time.process_time() - started) / sum(v.size for v in chunks[0].values())
    values = len(chunks[0]) * STREAM_CHUNK * STREAM_CHUNKS
    return {
        "counted": values / counting / 1e6,
        "with_sketches": 1 / (counting / values + sketching) / 1e6,
        "grown_mb": (peak_gb() - half) * 1024,
    }


def child(tool, case):
    """Print one figure as JSON."""
    if case == "stream":
        print(json.dumps(stream()))
        return
    shape, rows = CASES[case]
    work = compared(tool, shape, rows)
    held = peak_gb()
    slow = rows * (40 if shape == "wide" else 1) > 200_000
    wall, cpu = timed(work, 1 if slow and tool not in ("loopwright", "floor") else 3)
    print(json.dumps({"wall": wall, "cpu": cpu, "peak_gb": peak_gb(), "data_gb": held}))


def asked(tool, case):
    """A child's answer; None where the tool is not installed, or did not come to an end in ten minutes."""
    peer = HERE / ".peers" / tool / "bin" / "python"
    ours = tool in ("loopwright", "floor")
    if not ours and not peer.exists():
        return None
    command = [sys.executable if ours else str(peer), __file__, "--child", tool, case]
    env = os.environ | QUIET | (ONE_CORE if case == "stream" else {})
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=600)
    except subprocess.TimeoutExpired:
        return None
    if done.returncode:
        print(done.stderr.strip().splitlines()[-1], file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def main():
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="without the million rows")
    parser.add_argument("--only", nargs="*", default=["evidently", "nannyml"], help="peers to run")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        child(*chosen.child)
        return
    print("| case | tool | wall s | processor s | times ours | peak GB (tables held) |\n|---|---|---|---|---|---|")
    for case in CASES:
        if chosen.quick and "1 M" in case:
            continue
        peers = [] if case.startswith("1,000") else chosen.only
        ours = None
        for tool in ("loopwright", "floor", *peers):
            found = asked(tool, case)
            ours = ours or found
            if found is None or ours is None:
                print(f"| {case} | {tool} | – | – | – | – |", flush=True)
                continue
            ratio = found["cpu"] / ours["cpu"]
            memory = f"{found['peak_gb']:.2f} ({found['data_gb']:.2f})"
            print(
                f"| {case} | {tool} | {found['wall']:.2f} | {found['cpu']:.2f} | {ratio:.1f} | {memory} |", flush=True
            )
    found = asked("loopwright", "stream")
    if found:
        counted, sketched = found["counted"], found["with_sketches"]
        print(f"\nstream, one core: {counted:.1f} M values/s counted, {sketched:.1f} M/s with sketches")
        print(f"memory grew by {found['grown_mb']:.1f} MB over its second half")


if __name__ == "__main__":
    main()
