"""A version asked in a process of its own, with a deadline: its code can hang, die or exit without taking us along."""

import select
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType

import msgspec
import numpy as np

from loopwright.core.environment import child_environment

TIMEOUT_S = 60.0
Columns = dict[str, np.ndarray]


class ScoringChild:
    """One bundle in one child process, started when it is asked first. Used by one thread; close it when done.

    A child that failed to answer in time is ended; the next ask starts another.

    Args:
        bundle: The extracted bundle.
    """

    def __init__(self, bundle: Path) -> None:
        self._bundle = bundle
        self._process: subprocess.Popen[bytes] | None = None
        self._scratch = tempfile.TemporaryDirectory(prefix="loopwright-score-")

    def __enter__(self) -> "ScoringChild":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def outputs(self, columns: Columns) -> tuple[Columns | None, str]:
        """What the version answers, by name, or None and why there is no answer.

        Args:
            columns: Name → (n,), all features of its signature.
        """
        given, answers = (Path(self._scratch.name) / name for name in ("columns.npz", "answers.npz"))
        np.savez(given, **columns)  # type: ignore[arg-type]
        why = self._ready() or self._ask(given, answers)
        if why:
            self._end()
            return None, why
        with np.load(answers, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}, ""

    def close(self) -> None:
        """End the child."""
        self._end()
        self._scratch.cleanup()

    def _ready(self) -> str:
        """Start the child where there is none; empty, or why it did not come up."""
        if self._process is not None:
            return ""
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-m", "loopwright.app.score_child", str(self._bundle)],
            env=child_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        return self._heard(self._process)

    def _ask(self, given: Path, answers: Path) -> str:
        process = self._process
        if process is None or process.stdin is None:
            return "its process is gone"
        try:
            process.stdin.write(msgspec.json.encode((str(given), str(answers))) + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return f"its own prediction code failed: exit code {process.wait(1)}"
        return self._heard(process)

    def _heard(self, process: "subprocess.Popen[bytes]") -> str:
        if process.stdout is None or not select.select([process.stdout], [], [], TIMEOUT_S)[0]:
            return f"its own prediction code gave no answer within {TIMEOUT_S:g} s"
        line = process.stdout.readline()
        if not line:
            return f"its own prediction code failed: exit code {process.wait(1)}"
        said = msgspec.json.decode(line, type=str)
        return f"its own prediction code failed: {said}" if said else ""

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
