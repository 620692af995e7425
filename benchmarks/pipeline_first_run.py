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

from breast_cancer import Project, modules_of, taken

MORE_S = 0.3
OURS = ("polars", "pandera", "fastapi", "typer", "skops")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    turns: list[tuple[tuple[float, float], tuple[float, float]]] = []
    with tempfile.TemporaryDirectory() as name:
        project = Project(Path(name))
        for _ in range(rounds + 1):
            project.forget()
            turns.append((taken(project.plain), taken(project.run)))
        project.forget()
        heavy = sorted(modules_of(project.run) & set(OURS))
    turns = turns[1:]  # the turn before the first fills the page cache
    print(f"first run of five steps, whole process, {rounds} rounds, durability normal\n")
    print(f"{'':<28} {'wall s':>9} {'processor s':>12}")
    for label, place in (("floor: the plain script", 0), ("loopwright run, fresh home", 1)):
        wall, processor = (statistics.median(turn[place][kind] for turn in turns) for kind in (0, 1))
        print(f"{label:<28} {wall:9.3f} {processor:12.3f}")
    more, busy = (statistics.median(turn[1][kind] - turn[0][kind] for turn in turns) for kind in (0, 1))
    print(f"{'over the plain script':<28} {more:+9.3f} {busy:+12.3f}")
    print(f"\ntarget: at most +{MORE_S} s of wall time, {_word(more <= MORE_S)}")
    print(f"imported though no step asked for it: {', '.join(heavy) or 'none'} (of {', '.join(OURS)})")


def _word(met: bool) -> str:
    return "met" if met else "MISSED"


if __name__ == "__main__":
    main()
