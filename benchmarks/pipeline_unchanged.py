"""`loopwright run` of the same five steps with nothing changed, whole process, against a bare interpreter.

The processes take turns; figures are medians. Nothing is written, so no durability mode applies.

    python benchmarks/pipeline_unchanged.py [ROUNDS]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from breast_cancer import Project, modules_of, taken_s

TARGET_S = 0.3
SETTLED_S = 2.1
HEAVY = ("sklearn", "numpy", "polars", "pandera", "typer", "asyncio", "loop")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name))
        taken_s(project.run)
        time.sleep(SETTLED_S)  # a file's time is trusted two seconds after the file was written
        taken_s(project.run)
        said = subprocess.run(project.run, check=True, capture_output=True, text=True).stdout
        if "0 steps ran, 5 reused" not in said:
            sys.exit(f"the run was to be unchanged, and said: {said}")
        heavy = sorted(modules_of(project.run) & set(HEAVY))
        cases = {
            "floor: python -c pass": [sys.executable, "-c", "pass"],
            "loopwright run, unchanged": project.run,
            "the plain script": project.plain,
        }
        times: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(rounds):
            for case, command in cases.items():
                times[case].append(taken_s(command))
    print(f"run with nothing changed, whole process, {rounds} rounds\n")
    floor = statistics.median(times["floor: python -c pass"])
    for case, taken in times.items():
        middle = statistics.median(taken)
        print(f"{case:<28} {middle:7.3f} s   {middle / floor:6.1f} x the floor")
    met = statistics.median(times["loopwright run, unchanged"]) < TARGET_S
    print(f"\ntarget: under {TARGET_S} s, {'met' if met else 'MISSED'}")
    print(f"imported: {', '.join(heavy) or 'none'} (of {', '.join(HEAVY)})")


if __name__ == "__main__":
    main()
