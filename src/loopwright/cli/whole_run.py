"""`run` where something has changed: the loop file is imported, what is new lands, what changed runs."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from loopwright.app.loop_run import LoopRun, Override
from loopwright.app.retraining.alone import training_alone
from loopwright.app.run import run_loop, run_with_plan
from loopwright.app.unchanged import keep_answer
from loopwright.cli.project import opened
from loopwright.cli.render import Bars, note, progress
from loopwright.pipelines.progress import Progress


def whole_run(project: Path, file: str, parameters: dict[str, Any], *, override: str, home: str | None) -> LoopRun:
    """Run with a progress bar, and keep the answer for the next time."""
    workspace, loaded = opened(project, file, create=True, home=home)
    word = Override(reason=override, actor=workspace.actor) if override else None
    with training_alone(workspace, loaded.loop.name, "a run by hand"), progress() as bars:
        planned, done = run_with_plan(workspace, loaded, parameters=parameters, override=word, on_progress=_told(bars))
    keep_answer(workspace, loaded, planned, done=done, file=file, parameters=parameters)
    return done


def first_champion(folder: Path, file: str, settings: Mapping[str, object]) -> str:
    """The loop's name; where it has no champion yet, the loop is run once first."""
    workspace, loaded = opened(folder, file, create=True, **settings)
    name = loaded.loop.name
    if workspace.stores.ledger.ref(workspace.ref("endpoint", name, "arms")) is None:
        note("no champion yet: running the loop once")
        with progress() as bars:
            run_loop(workspace, loaded, on_progress=_told(bars))
    workspace.close()
    return name


class _told:  # noqa: N801 - a function with memory
    """Moves one bar on as steps finish."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._advance: Callable[[int], None] | None = None

    def __call__(self, at: Progress) -> None:
        self._advance = self._advance or self._bars.start("steps", at.total)
        if at.kind in ("finished", "reused"):
            self._advance(1)
            self._bars.note(
                f"{at.kind:<9}{at.step}" + (f"  {at.duration_us / 1e6:.2f} s" if at.kind == "finished" else "")
            )
