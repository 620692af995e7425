"""The same pipeline run again with nothing changed, whole process, against a bare interpreter and the plain script.

python benchmarks/pipeline_unchanged.py [ROUNDS]
"""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline_first_run import DRIVER, taken_s, write

TARGET_S = 0.3
HEAVY = ("sklearn", "numpy", "polars", "pandera", "asyncio", "loop")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        run = [sys.executable, DRIVER, name, "loop"]
        taken_s(run)
        time.sleep(2.1)  # files are settled two seconds after they were written
        taken_s(run)
        said = subprocess.run(run, check=True, capture_output=True, text=True).stdout
        assert said.startswith("nothing changed"), said
        names = subprocess.run(
            [sys.executable, "-X", "importtime", *run[1:]], check=True, capture_output=True, text=True
        )
        loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in names.stderr.splitlines()}
        cases = {
            "floor: python -c pass": [sys.executable, "-c", "pass"],
            "run, nothing changed": run,
            "the plain script": [sys.executable, str(folder / "plain.py")],
        }
        times: dict[str, list[float]] = {case: [] for case in cases}
        for _ in range(rounds):
            for case, command in cases.items():
                times[case].append(taken_s(command))
    heavy = ", ".join(sorted(loaded & set(HEAVY))) or "none"
    print(f"nothing changed, {rounds} rounds; target: under {TARGET_S} s; heavy imports: {heavy}\n")
    floor = statistics.median(times["floor: python -c pass"])
    for case, taken in times.items():
        middle = statistics.median(taken)
        print(f"{case:<30} {middle:7.3f} s   {middle / floor:6.1f} x the floor")


if __name__ == "__main__":
    main()
