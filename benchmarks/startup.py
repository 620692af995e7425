"""How long a command takes to begin, against the floor: a bare interpreter, and a bare Typer program, in the same run.

Nothing is written, so no durability mode applies. The programs take turns, so that whatever else the machine does falls
on all of them alike; the figures are medians. Run it: `python benchmarks/startup.py [ROUNDS]`.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

TYPER = """
import typer
app = typer.Typer()
@app.command()
def plan(name: str = "loop"):
    "Show which steps would run."
@app.command()
def run(name: str = "loop"):
    "Run what changed."
app()
"""
PASS = "python -c pass"
# (name, arguments of the interpreter, ceiling as a multiple of the bare interpreter, or None)
PROGRAMS: tuple[tuple[str, tuple[str, ...], float | None], ...] = (
    (PASS, ("-c", "pass"), None),
    ("import loopwright", ("-c", "import loopwright"), None),
    ("loopwright --version", ("-m", "loopwright.cli.main", "--version"), 3.0),
    ("loopwright --help", ("-m", "loopwright.cli.main", "--help"), 8.0),
    ("loopwright plan --help", ("-m", "loopwright.cli.main", "plan", "--help"), None),
    ("bare Typer program --help", ("TYPER", "--help"), None),
)


def main() -> None:
    """Time every program and print the table."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "bare.py"
        script.write_text(TYPER, encoding="utf-8")
        times = _measure(rounds, script)
    medians = {name: statistics.median(found) for name, found in times.items()}
    floor = medians[PASS]
    table = Table("program", "median ms", "fastest ms", "× bare Python", "ceiling", title=f"Start-up, {rounds} rounds")
    for name, _, ceiling in PROGRAMS:
        ratio = medians[name] / floor
        bound = "" if ceiling is None else f"{ceiling:.0f} × {'met' if ratio <= ceiling else 'MISSED'}"
        table.add_row(name, f"{medians[name] * 1e3:.1f}", f"{min(times[name]) * 1e3:.1f}", f"{ratio:.1f}", bound)
    over = (medians["import loopwright"] - floor) * 1e3
    console = Console(width=100)
    console.print(table)
    console.print(f"import loopwright over the bare interpreter: {over:.1f} ms (at most 30)")


def _measure(rounds: int, script: Path) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name, _, _ in PROGRAMS}
    for _ in range(rounds + 1):
        for name, arguments, _ in PROGRAMS:
            command = [sys.executable, *(str(script) if word == "TYPER" else word for word in arguments)]
            began = time.perf_counter()
            subprocess.run(command, check=False, capture_output=True)
            times[name].append(time.perf_counter() - began)
    # The first round fills the page cache and writes the byte code.
    return {name: found[1:] for name, found in times.items()}


if __name__ == "__main__":
    main()
