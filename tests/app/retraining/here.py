"""Retrains that run in the test's own process: quick, and ended when the test says so."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from loopwright.app.retraining import child
from loopwright.app.retraining.retrain import StepProgress
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.retraining.said import OUTCOME, Errand, Said
from loopwright.app.trace import journal
from loopwright.core.codec import from_json

Project = Any


class Here:
    """Satisfies `Flight`: runs when it is asked for its end."""

    def __init__(self, errand: Errand, folder: Path) -> None:
        self.errand = errand
        self.folder = folder
        self.stopped = False

    def progress(self) -> StepProgress | None:
        return None

    def said(self) -> Said | None:
        folder = self.folder
        folder.mkdir(parents=True, exist_ok=True)
        return child.said_of(self.errand, folder)

    def stop(self) -> None:
        self.stopped = True


class Stuck(Here):
    """One that is never done by itself."""

    def said(self) -> Said | None:
        return None

    def progress(self) -> StepProgress | None:
        return StepProgress(kind="started", step="train", index=2, total=3)


def here(project: Project, workspace: Any, flight: Callable[[Errand, Path], Here] = Here) -> Retrainer:
    """A retrainer whose retrains run here."""
    return Retrainer(workspace, project.loaded(), launch=lambda errand, folder, _held: flight(errand, folder))


def once(retrainer: Retrainer, watch: Any = None) -> str | None:
    """One look, and the end of what it started; None where it started nothing."""
    return retrainer.wait() if retrainer.step(watch) == "started" else None


def decisions(workspace: Any) -> list[str]:
    """What the journal says of retrains, in order."""
    kinds = ("retrain_decided", "retrain_finished")
    events = [event for event in journal(workspace.stores.ledger) if event.kind in kinds]
    return [str(event.data.get("decision") or event.data.get("outcome")) for event in events]


def said_in(folder: Path) -> Said:
    """What a child has written."""
    return from_json((folder / OUTCOME).read_bytes(), Said)
