"""First `loopwright run` of a five-step pipeline on scikit-learn's breast cancer data, against the plain script.

Whole processes, which take turns; figures are medians, and so are the differences within one turn. Each run has a fresh
home. Durability `normal`: a step's result and its event survive a kill of the process; a crash of the machine may lose
the last steps, which then run again.

    python benchmarks/pipeline_first_run.py [ROUNDS]
"""

import statistics
import sys
import tempfile
from pathlib import Path

from breast_cancer import Project, modules_of, taken_s

MORE_S = 0.3
OURS = ("polars", "pandera", "fastapi", "typer", "skops")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    plain, first = [], []
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name))
        for turn in range(rounds + 1):
            project.forget()
            taken = taken_s(project.plain), taken_s(project.run)
            if turn:  # the turn before the first fills the page cache
                plain.append(taken[0])
                first.append(taken[1])
        project.forget()
        heavy = sorted(modules_of(project.run) & set(OURS))
    floor, middle = statistics.median(plain), statistics.median(first)
    more = statistics.median(b - a for a, b in zip(plain, first, strict=True))
    print(f"first run of five steps, whole process, {rounds} rounds, durability normal\n")
    print(f"{'floor: the plain script':<28} {floor:7.3f} s")
    print(f"{'loopwright run, fresh home':<28} {middle:7.3f} s   {middle / floor:5.2f} x the floor")
    print(f"{'over the plain script':<28} {more:+7.3f} s   target: at most +{MORE_S} s, {_word(more <= MORE_S)}")
    print(f"\nimported though no step asked for it: {', '.join(heavy) or 'none'} (of {', '.join(OURS)})")


def _word(met: bool) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
