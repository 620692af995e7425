"""What guards cost: milliseconds a KB of prose, of a text full of numbers, and of a stream in pieces of a token's size.

Run: `python benchmarks/guards.py`. The processor's time of this process, the median of nine runs.
"""

import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from loopwright.llm.guards import declarations
from loopwright.llm.guards.building import build
from loopwright.llm.guards.detector import Detector
from loopwright.llm.guards.folding import fold
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.guards.trials.labelled import shipped

RUNS = 9
PIECE = 4
PAGES = ("guards.md", "prompts.md", "concepts.md", "getting-started.md", "releases.md")
GUARDS = (
    declarations.personal_data(),
    declarations.secrets(),
    declarations.toxicity(),
    declarations.prompt_injection(),
)


def milliseconds(work: Callable[[], object], kilobytes: float) -> float:
    """The median, a KB."""
    spent = []
    for _ in range(RUNS):
        began = time.process_time_ns()
        work()
        spent.append((time.process_time_ns() - began) / 1e6 / kilobytes)
    return median(spent)


def main() -> None:
    """Print the table."""
    docs = Path(__file__).resolve().parents[1] / "docs"
    prose = "".join((docs / page).read_text(encoding="utf-8") for page in PAGES)
    numbers = "\n".join(one.text for one in shipped().texts if one.guard == "personal_data" and one.bad)
    print(f"{'guard':20} {'prose':>8} {'numbers':>8} {'stream':>8}   ms/KB")
    for guard in GUARDS:
        made = build(guard)
        assert isinstance(made, Detector)
        runner = GuardRunner([declarations.personal_data()]) if made.whole else GuardRunner([guard])
        row = [
            milliseconds(lambda text=text, made=made: made.find(fold(text).text), len(text.encode()) / 1024)
            for text in (prose, numbers)
        ]
        streamed = "" if made.whole else f"{milliseconds(lambda r=runner: stream(r, prose[:8192]), 8.0):8.3f}"
        print(f"{guard.kind:20} {row[0]:8.3f} {row[1]:8.3f} {streamed:>8}")


def stream(runner: GuardRunner, text: str) -> None:
    """Feed a text in pieces; guards that redact let it through to the end."""
    out = runner.outgoing()
    for at in range(0, len(text), PIECE):
        out.feed(text[at : at + PIECE])
    out.end()


if __name__ == "__main__":
    main()
