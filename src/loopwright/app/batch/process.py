"""Batches in child processes, beside the servers: started, looked at, stopped."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec

from loopwright.app.batch.asked import Asked
from loopwright.app.batch.child import ASKED, OUTCOME, PROGRESS, Errand, Outcome, Progress
from loopwright.app.workspace import Workspace
from loopwright.core.codec import from_json, to_json
from loopwright.core.environment import variables

_STOP_S = 10.0


class BatchProcess:
    """One child that scores one batch.

    Args:
        process: The child.
        folder: Where it says how far it is and what became of it.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process = process
        self._folder = folder

    @classmethod
    def start(
        cls, workspace: Workspace, asked: Asked, folder: Path, *, caused_by: tuple[int, ...] = ()
    ) -> "BatchProcess":
        """Start a child; its scoring goes on where an earlier one of the same batch was.

        Args:
            workspace: The project's workspace.
            asked: The batch.
            folder: The errand's own; what an earlier child said there goes away.
            caused_by: Events that led to it.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        threads = max(1, workspace.settings.whole("batch_threads"))
        errand = Errand(
            project=str(workspace.project),
            home=str(workspace.home),
            asked=asked,
            threads=threads,
            caused_by=caused_by,
        )
        (folder / ASKED).write_bytes(to_json(errand))
        environment = dict(variables()) | {"POLARS_MAX_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
        with (folder / "said.log").open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "loopwright.app.batch.child", str(folder)],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                cwd=workspace.project,
                env=environment,
            )
        return cls(process, folder)

    def progress(self) -> Progress | None:
        """How far it is; None while it has not begun."""
        try:
            return from_json((self._folder / PROGRESS).read_bytes(), Progress)
        except (OSError, msgspec.MsgspecError):
            return None

    def outcome(self) -> Outcome | None:
        """What became of it; None while it runs. A child that died without a word has neither result nor error."""
        if self._process.poll() is None:
            return None
        try:
            return from_json((self._folder / OUTCOME).read_bytes(), Outcome)
        except (OSError, msgspec.MsgspecError):
            return Outcome()

    def last_words(self) -> str:
        """The last line that it printed."""
        try:
            lines = (self._folder / "said.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else f"exit code {self._process.returncode}"

    def stop(self) -> None:
        """End the child; what it has finished stays finished."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_STOP_S)
        if self._process.stdin is not None:
            self._process.stdin.close()
