"""False alarms and power of drift rules on a simulated table, beside Evidently, NannyML and alibi-detect, in one run.

`python benchmarks/drift_simulation.py [--quick] [--install] [--only NAME …]`

25 mixed columns (`drift_worlds.py`), a reference of 10,000 rows. R is the report rule and I the incident rule, each
with the defaults of `lw.drift(window="500 rows")` in every row of the table: what holds false alarms down is what has
to find the shifts. R judges single windows. I reads a stream of windows: of its false alarms each starts it anew, and
its power is the rows until it speaks. Peers have environments of their own under `benchmarks/.peers` (`--install`
makes them) and judge single windows with their defaults. A table in Markdown is printed.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from drift_worlds import LEVELS, SCENARIOS, names, rows_of

import loopwright as lw
from loopwright.core.verdict import Outcome
from loopwright.monitoring.bins import category_bins, numeric_bins
from loopwright.monitoring.drift import drift_report, incident_detector
from loopwright.monitoring.reference import Reference, plain_column, reference_pairs
from loopwright.monitoring.window import count_blocks

HERE = Path(__file__).resolve().parent
REFERENCE_ROWS = 10_000
PACKAGES = {
    "evidently": ("evidently==0.7.*", "pandas<3"),
    "nannyml": ("nannyml==0.13.*", "statsmodels", "pandas<3"),
    "alibi": ("alibi-detect==0.13.*", "pandas<3"),
}
QUIET = {"DO_NOT_TRACK": "1", "NML_DISABLE_USAGE_LOGGING": "1"}
RULE = lw.drift(window="500 rows")
MOST_ROWS = 60_000
"""Rows after which a stream whose shift was not found is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One row of the table.

    Attributes:
        scenario: A key of `SCENARIOS`.
        rows: Of a window that is judged by itself.
        stream: Rows of a window of the incident rule's stream.
        windows: Of that stream where nothing is to be found; None where the rows until an alarm are asked.
    """

    scenario: str
    rows: int
    stream: int = 500
    windows: int | None = None


CELLS = (
    Cell(scenario="none", rows=500, windows=8_000),
    Cell(scenario="none", rows=1_000, stream=1_000, windows=8_000),
    Cell(scenario="none", rows=5_000, stream=5_000, windows=2_000),
    Cell(scenario="none", rows=50_000, stream=50_000, windows=500),
    Cell(scenario="immaterial", rows=50_000, stream=50_000, windows=500),
    Cell(scenario="place_025", rows=500),
    Cell(scenario="place_025", rows=1_000),
    Cell(scenario="place_010", rows=5_000),
    Cell(scenario="share", rows=5_000),
    Cell(scenario="missing", rows=1_000),
    Cell(scenario="correlation", rows=1_000),
)


def columns_of(rng, rows, scenario="none"):
    """The table as the monitor counts it, by column name."""
    numbers, codes = rows_of(rng, rows, scenario)
    of_number, of_category = names()
    found = {name: numbers[:, i] for i, name in enumerate(of_number)}
    return found | {name: codes[:, i].astype(float) for i, name in enumerate(of_category)}


def reference_of(rng):
    """What a bundle keeps of 10,000 rows in no order of time."""
    numbers, categories = names()
    values = columns_of(rng, REFERENCE_ROWS)
    columns = []
    for name, column in values.items():
        bins = numeric_bins(column) if name in numbers else category_bins(column, len(LEVELS))
        columns.append(plain_column(name, column, bins.place(column), bins=bins))
    cuts = {column.name: column.cuts for column in columns if column.name not in categories}
    pairs, all_pairs = reference_pairs({name: values[name] for name in numbers}, cuts)
    return Reference(
        task="regression", columns=tuple(columns), quality={}, rows=REFERENCE_ROWS, blocks=0, timed=False,
        pairs=pairs, all_pairs=all_pairs,
    )  # fmt: skip


def window_of(reference, rng, rows, scenario, block=0):
    """One window's counts."""
    return count_blocks(columns_of(rng, rows, scenario), np.full(rows, block, dtype=np.int64), reference)


def report_share(cell, windows):
    """Share of windows that the report rule colours."""
    coloured = 0
    for i in range(windows):
        rng = np.random.default_rng([cell.rows, i])
        if i % 25 == 0:
            reference = reference_of(np.random.default_rng([1, i]))
        verdict = drift_report(RULE, reference, window_of(reference, rng, cell.rows, cell.scenario))
        coloured += verdict.outcome is Outcome.WARN
    return coloured / windows


def alarms(cell, windows):
    """Alarms of the incident rule in one stream."""
    reference, rng, found = reference_of(np.random.default_rng(1)), np.random.default_rng([2, cell.rows]), 0
    detector = incident_detector(RULE, reference)
    state = detector.start()
    for block in range(windows):
        state = detector.update(state, window_of(reference, rng, cell.stream, cell.scenario, block), through=block + 1)
        if detector.verdict(state).outcome is Outcome.FAIL:
            found, state = found + 1, detector.reset(state)
    return found


def rows_until_alarm(cell, streams):
    """(streams,) rows until the incident rule speaks; infinite where it did not."""
    found = []
    for i in range(streams):
        reference, rng = reference_of(np.random.default_rng([3, i])), np.random.default_rng([4, i])
        detector = incident_detector(RULE, reference)
        state, rows = detector.start(), np.inf
        for block in range(MOST_ROWS // cell.stream):
            window = window_of(reference, rng, cell.stream, cell.scenario, block)
            state = detector.update(state, window, through=block + 1)
            if detector.verdict(state).outcome is Outcome.FAIL:
                rows = (block + 1) * cell.stream
                break
        found.append(rows)
    return np.asarray(found)


def asked_peer(tool, windows):
    """A tool at work on all cells in a process of its own; None where it is not installed."""
    python = HERE / ".peers" / tool / "bin" / "python"
    if not python.exists():
        return None
    cells = [(cell.scenario, cell.rows, max(3, windows // 5) if cell.rows > 5_000 else windows) for cell in CELLS]
    command = [str(python), str(HERE / "peers" / "drift_alarms.py"), tool, str(REFERENCE_ROWS), json.dumps(cells)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | QUIET)


def answers_of(asked):
    """Shares of windows in which a tool spoke, cell by cell; None where it has none."""
    if asked is None:
        return [None] * len(CELLS)
    said, _ = asked.communicate()
    return json.loads(said.splitlines()[-1]) if asked.returncode == 0 else [None] * len(CELLS)


def install(tool):
    """Make the tool's environment."""
    folder = HERE / ".peers" / tool
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "-q", *PACKAGES[tool]], check=True)


def said_of_peer(answer):
    """A peer's cell: any column, and its verdict on the table where it has one."""
    if answer is None:
        return "–"
    anything, table = answer
    return f"{anything:.0%}" + ("" if table is None else f" ({table:.0%})")


def said_of_incident(cell, *, quick):
    """The incident rule's cell: alarms of windows, or rows until it spoke."""
    if cell.windows is not None:
        windows = max(20, cell.windows // 10) if quick else cell.windows
        return f"{alarms(cell, windows)} in {windows:,}"
    rows = rows_until_alarm(cell, 10 if quick else 60)
    return f"median {np.median(rows):,.0f} rows, nine in ten {np.quantile(rows, 0.9, method='higher'):,.0f}"


def main():
    """Print the table."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--quick", action="store_true", help="a tenth of the windows")
    asked.add_argument("--install", action="store_true", help="make the peers' environments first")
    asked.add_argument("--only", nargs="*", default=list(PACKAGES), help="peers to run; none with nothing after it")
    asked.add_argument("--peer-windows", type=int, default=100, help="windows a cell that each peer judges")
    asked.add_argument("--report-windows", type=int, default=1_000, help="windows a cell that R judges")
    chosen = asked.parse_args()
    if chosen.install:
        for tool in chosen.only:
            install(tool)
    windows = max(5, chosen.peer_windows // 10) if chosen.quick else chosen.peer_windows
    peers = {tool: asked_peer(tool, windows) for tool in chosen.only}
    ours = [ours_of(cell, chosen) for cell in CELLS]
    theirs = {tool: answers_of(asked) for tool, asked in peers.items()}
    print("| " + " | ".join(["windows", "rows", *chosen.only, "R", "I"]) + " |")
    print("|" + "---|" * (4 + len(chosen.only)))
    for i, cell in enumerate(CELLS):
        said = [said_of_peer(theirs[tool][i]) for tool in chosen.only]
        print(f"| {SCENARIOS[cell.scenario]} | {cell.rows:,} | {' | '.join([*said, *ours[i]])} |")


def ours_of(cell, chosen):
    """What R and I say of a cell."""
    windows = (chosen.report_windows // 10 if chosen.quick else chosen.report_windows) // (
        5 if cell.rows > 5_000 else 1
    )
    said = [f"{report_share(cell, max(windows, 5)):.1%}", said_of_incident(cell, quick=chosen.quick)]
    print(cell.scenario, cell.rows, *said, file=sys.stderr, flush=True)
    return said


if __name__ == "__main__":
    main()
