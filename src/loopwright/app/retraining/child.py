"""Runs a loop in a process of its own: `python -m loopwright.app.retraining.child FOLDER`.

The folder holds `asked.json`; `progress.json` and, at the end, `outcome.json` are written there. The process ends with
its parent, which holds the other end of its standard input. It loads the loop file as it is now.
"""

import os
import sys
import threading
from pathlib import Path

from loopwright.app.child_files import end_with_parent, write_whole
from loopwright.app.loop_file import load_loop
from loopwright.app.retraining.code_change import training_code
from loopwright.app.retraining.retrain import StepProgress
from loopwright.app.retraining.said import ASKED, OUTCOME, PROGRESS, Errand, Said
from loopwright.app.run import run_loop
from loopwright.app.workspace import open_workspace
from loopwright.core.codec import from_json
from loopwright.errors import GateFailedError, InternalError, LoopwrightError, NoVerdictError
from loopwright.pipelines.progress import Progress

NICER = 5


def main(folder: Path) -> int:
    """Do the errand, and write what became of it; returns the exit code."""
    threading.Thread(target=end_with_parent, name="parent", daemon=True).start()
    os.nice(NICER)
    said = said_of(from_json((folder / ASKED).read_bytes(), Errand), folder)
    write_whole(folder / OUTCOME, said)
    return 0 if said.status or said.code else 1


def said_of(errand: Errand, folder: Path) -> Said:
    """Do an errand; what became of it, whatever that is."""
    try:
        return _look(errand) if errand.look else _run(errand, folder)
    except LoopwrightError as error:
        return Said(why=f"{error.code} {error.what}: {error.why}", run=str(error.context.get("run", "")))
    except Exception as error:  # noqa: BLE001 - boundary: whatever is left is told to who asked
        named = InternalError("the retrain failed where it should not have", why=f"{type(error).__name__}: {error}")
        return Said(why=f"{named.code} {named.what}: {named.why}")


def _look(errand: Errand) -> Said:
    return Said(code=training_code(load_loop(Path(errand.file), Path(errand.project))))


def _run(errand: Errand, folder: Path) -> Said:
    project = Path(errand.project)
    workspace = open_workspace(project, explicit={"home": errand.home})
    try:
        loaded = load_loop(Path(errand.file), project)
        done = run_loop(
            workspace,
            loaded,
            on_progress=lambda at: write_whole(folder / PROGRESS, _told(at)),
            caused_by=errand.caused_by,
        )
    except (GateFailedError, NoVerdictError) as error:
        status = "refused" if isinstance(error, GateFailedError) else "no_verdict"
        return Said(
            status=status, why=error.why, version=str(error.context.get("version", "")), verdict=_verdict(error)
        )
    finally:
        workspace.close()
    event = done.events[-1] if done.events else 0
    if done.judged is None:
        return Said(status="finished", run=done.run, event=event)
    return Said(
        status=done.judged.status,
        run=done.run,
        version=done.judged.version,
        release=done.judged.release or "",
        verdict=str(done.judged.outcome),
        event=event,
    )


def _verdict(error: GateFailedError | NoVerdictError) -> str:
    return "fail" if isinstance(error, GateFailedError) else "unknown"


def _told(at: Progress) -> StepProgress:
    return StepProgress(kind=at.kind, step=at.step, index=at.index, total=at.total)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
