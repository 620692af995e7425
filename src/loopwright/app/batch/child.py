"""Scores a batch in a process of its own: `python -m loopwright.app.batch.child FOLDER`.

The folder holds `asked.json`; `progress.json` and, at the end, `outcome.json` are written there. The process ends with
its parent, which holds the other end of its standard input.
"""

import os
import sys
import threading
from pathlib import Path
from typing import Any

import msgspec

from loopwright.app.batch.asked import Asked, BatchResult
from loopwright.app.batch.run import score_batch
from loopwright.app.child_files import end_with_parent, write_whole
from loopwright.app.workspace import open_workspace
from loopwright.core.codec import from_json
from loopwright.errors import InternalError, LoopwrightError

ASKED, PROGRESS, OUTCOME = "asked.json", "progress.json", "outcome.json"
NICER = 10


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told.

    Attributes:
        project: The project's folder, which relative addresses are relative to.
        home: The home, relative to the project.
        asked: The batch.
        threads: CPU threads.
        caused_by: Events that led to it.
    """

    project: str
    home: str
    asked: Asked
    threads: int
    caused_by: tuple[int, ...] = ()


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Rows done, of how many."""

    done: int
    rows: int


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: a result, or an error as every surface shows it."""

    result: BatchResult | None = None
    error: dict[str, Any] | None = None


def main(folder: Path) -> int:
    """Score, and write what became of it; returns the exit code."""
    threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
    os.nice(NICER)
    errand = from_json((folder / ASKED).read_bytes(), Errand)
    try:
        outcome = Outcome(result=_score(errand, folder))
    except LoopwrightError as error:
        outcome = Outcome(error=_plain(error))
    except Exception as error:  # noqa: BLE001 - boundary: whatever is left is told to who asked
        named = InternalError("the batch failed where it should not have", why=f"{type(error).__name__}: {error}")
        outcome = Outcome(error=_plain(named))
    write_whole(folder / OUTCOME, outcome)
    return 0 if outcome.error is None else 1


def _score(errand: Errand, folder: Path) -> BatchResult:
    project = Path(errand.project)
    workspace = open_workspace(project, explicit={"home": errand.home})
    try:
        return score_batch(
            workspace,
            errand.asked,
            base=project,
            threads=errand.threads,
            on_rows=lambda done, rows: write_whole(folder / PROGRESS, Progress(done=done, rows=rows)),
            caused_by=errand.caused_by,
        )
    finally:
        workspace.close()


def _plain(error: LoopwrightError) -> dict[str, Any]:
    return {name: error.as_dict()[name] for name in ("code", "what", "why", "fix")}


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
