"""A retrain in a child process, beside what watches and steers: started, looked at, stopped."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import msgspec

from loopwright.app.retraining.retrain import StepProgress
from loopwright.app.retraining.said import ASKED, OUTCOME, PROGRESS, Errand, Said
from loopwright.core.codec import from_json, to_json

_STOP_S = 10.0
_LAST_WORDS = 300


class Flight(Protocol):
    """A retrain that was started. Used by one thread."""

    def progress(self) -> StepProgress | None:
        """The step it is at; None while it has not begun."""

    def said(self) -> Said | None:
        """What it said at its end; None while it runs. One that died without a word says so."""

    def stop(self) -> None:
        """End it now, and wait for that; whatever it has finished stays."""


class RetrainProcess:
    """Satisfies `Flight`. The child's training processes end with it, and it ends with this process."""

    def __init__(self, process: "subprocess.Popen[bytes]", folder: Path) -> None:
        self._process = process
        self._folder = folder

    @classmethod
    def start(cls, errand: Errand, folder: Path, *, held: int | None = None) -> "RetrainProcess":
        """Start a child.

        Args:
            errand: What it is told.
            folder: The errand's own; what an earlier child said there goes away.
            held: An open file that the child holds for as long as it lives: the training lock.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / ASKED).write_bytes(to_json(errand))
        with (folder / "said.log").open("wb") as said:
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-m", "loopwright.app.retraining.child", str(folder)],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                cwd=errand.project,
                pass_fds=() if held is None else (held,),
            )
        return cls(process, folder)

    def progress(self) -> StepProgress | None:
        try:
            return from_json((self._folder / PROGRESS).read_bytes(), StepProgress)
        except (OSError, msgspec.MsgspecError):
            return None

    def said(self) -> Said | None:
        if self._process.poll() is None:
            return None
        self._let_go()
        try:
            return from_json((self._folder / OUTCOME).read_bytes(), Said)
        except (OSError, msgspec.MsgspecError):
            return Said(why=f"its process ended with exit code {self._process.returncode}: {self._last_words()}")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(_STOP_S)
        self._let_go()

    def _let_go(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()

    def _last_words(self) -> str:
        try:
            lines = (self._folder / "said.log").read_text(encoding="utf-8", errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1][:_LAST_WORDS] if lines else "it said nothing"
