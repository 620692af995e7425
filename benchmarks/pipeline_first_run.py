"""First run of a five-step pipeline on scikit-learn's breast cancer data, whole process, against the plain script.

The programs take turns; figures are medians. Each step is durably recorded: its result and its event are in the ledger
and survive a kill of the process (`normal`; a crash of the machine may lose the last steps, which then run again).

    python benchmarks/pipeline_first_run.py [ROUNDS]
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from breast_cancer import loop_text, plain_text

DRIVER = str(Path(__file__).with_name("pipeline_driver.py"))
TARGET_S = 0.3


def taken_s(command: list[str]) -> float:
    """Seconds of a whole process."""
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def write(folder: Path) -> None:
    """The plain script and the two loop files."""
    (folder / "plain.py").write_text(plain_text())
    (folder / "loop.py").write_text(loop_text(isolated=True))
    (folder / "together.py").write_text(loop_text(isolated=False))


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        times: dict[str, list[float]] = {"plain": [], "together": [], "loop": []}
        taken_s([sys.executable, str(folder / "plain.py")])
        for _ in range(rounds):
            times["plain"].append(taken_s([sys.executable, str(folder / "plain.py")]))
            for module in ("together", "loop"):
                shutil.rmtree(folder / ".loopwright", ignore_errors=True)
                times[module].append(taken_s([sys.executable, DRIVER, name, module]))
    floor = statistics.median(times["plain"])
    print(f"first run of five steps, {rounds} rounds, durability normal; target: at most {TARGET_S} s over the floor\n")
    labels = {
        "plain": "floor: the plain script",
        "together": "all steps in one process",
        "loop": "training in a child process",
    }
    for key, label in labels.items():
        middle = statistics.median(times[key])
        more = statistics.median(b - a for a, b in zip(times["plain"], times[key], strict=True))
        print(f"{label:<30} {middle:7.3f} s   {more:+7.3f} s   {middle / floor:5.2f} x")


if __name__ == "__main__":
    main()
