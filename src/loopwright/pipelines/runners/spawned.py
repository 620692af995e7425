"""Runs tasks in a child process: an abort in native code is a failed step, not the end of the run."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from loopwright.core.environment import child_environment
from loopwright.pipelines.modules import Owner, owner_of_file
from loopwright.pipelines.runners.failure import SOURCE_CHANGED, Failure, Refusal
from loopwright.pipelines.runners.frames import Answer, Done, Start, receive, send
from loopwright.pipelines.task import Result, Runner, Task

_POOLS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "POLARS_MAX_THREADS", "RAYON_NUM_THREADS",
)  # fmt: skip
_FRAME = re.compile(r'File "(?P<file>[^"]+)", line (?P<line>\d+) in (?P<name>\S+)')
_GRACE_S = 5.0


def core_count() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class SpawnedRunner(Runner):
    """One child for all tasks, in a session of its own; a new one after it died.

    The child sees the project folder as its working directory, imports from `search_path`, and has no environment but
    the one given to it. When this process ends in any way, the kernel ends the child and its own children.

    Args:
        blobs: The folder of the blob store.
        project: The working directory.
        search_path: Where imports are found, before the interpreter's own folders.
        modules: What the child imports as soon as it starts.
        threads: Threads of native libraries; a task that wants another number gets a new child.
    """

    def __init__(
        self,
        *,
        blobs: Path,
        project: Path,
        search_path: Sequence[str] = (),
        modules: Sequence[str] = (),
        threads: int | None = None,
    ) -> None:
        self._blobs = blobs
        self._project = project
        self._search_path = tuple(search_path) or (str(project),)
        self._modules = tuple(modules)
        self._threads = threads or core_count()
        self._child: _Child | None = None

    def start(self) -> None:
        """Start the child now, so that it imports while this process does something else."""
        self._ready(self._threads)

    def run(self, task: Task) -> Result:
        child = self._ready(task.threads)
        answer = child.ask(task)
        if isinstance(answer, Refusal) and answer.context.get("cause") == SOURCE_CHANGED:
            # It may have imported an older text than the plan was made from; a new child imports what is there now.
            self.close()
            child = self._ready(task.threads)
            answer = child.ask(task)
        if isinstance(answer, Done):
            return answer.result
        if answer is None:
            self._child = None
            raise child.obituary(task.step).error()
        raise answer.error()

    def close(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None

    def _ready(self, threads: int) -> "_Child":
        if self._child is None or self._child.threads != threads:
            self.close()
            self._child = _Child(self._project, threads)
            start = Start(blobs=str(self._blobs), search_path=self._search_path, modules=self._modules)
            self._child.tell(start)
        return self._child


class _Child:
    """A running child process and the pipes to it."""

    def __init__(self, project: Path, threads: int) -> None:
        self.threads = threads
        self._crashes: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the child
        tasks, self._tasks = os.pipe()
        self._answers, answers = os.pipe()
        lifeline, self._lifeline = os.pipe()
        passed = (tasks, answers, lifeline, self._crashes.fileno())
        # -P: the working directory must not come before the standard library while the child starts.
        command = [sys.executable, "-P", "-m", "loopwright.pipelines.runners.child", *map(str, passed)]
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, by this interpreter
                command,
                cwd=project,
                env=_environment(threads),
                pass_fds=passed,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        finally:
            for file in (tasks, answers, lifeline):
                os.close(file)

    def tell(self, message: Start | Task) -> bool:
        try:
            send(self._tasks, message)
        except BrokenPipeError:
            return False
        return True

    def ask(self, task: Task) -> Answer | None:
        """The answer; None where the child died."""
        return receive(self._answers, Answer) if self.tell(task) else None  # type: ignore[arg-type]

    def obituary(self, step: str) -> Failure:
        """Why the child died."""
        self._close_pipes()
        code = self._process.wait()
        self._kill_group()
        self._crashes.seek(0)
        stack = self._crashes.read().decode(errors="replace")
        self._crashes.close()
        cause, hint = _cause(code)
        return Failure(step=step, cause=cause, message="its process died", frames=_stack_frames(stack), hint=hint)

    def end(self) -> None:
        """End the child and wait for it."""
        self._close_pipes()
        try:
            self._process.wait(_GRACE_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._kill_group()
        self._crashes.close()

    def _close_pipes(self) -> None:
        for file in (self._tasks, self._answers, self._lifeline):
            os.close(file)

    def _kill_group(self) -> None:
        """End what the child itself had started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return


def _environment(threads: int) -> dict[str, str]:
    pools = dict.fromkeys(_POOLS, str(threads))
    return child_environment(PYTHONHASHSEED="0", PYTHONUNBUFFERED="1", **pools)


def _cause(code: int) -> tuple[str, str]:
    if code >= 0:
        return f"exit status {code}", "Return a result from the step; do not end the process."
    name = signal.Signals(-code).name
    if name == "SIGKILL":
        return "killed (SIGKILL)", "It was killed by hand or for want of memory: give it less data, or more memory."
    if name in ("SIGABRT", "SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE"):
        return (
            f"crash in native code ({name})",
            "The frames name the call; check the types and shapes it is given.",
        )
    return f"ended by {name}", ""


def _stack_frames(stack: str) -> tuple[str, ...]:
    """The user's frames of a faulthandler dump, outermost first as in a traceback."""
    found = [(m["file"], f"{m['file']}:{m['line']} in {m['name']}") for m in _FRAME.finditer(stack)]
    mine = [text for file, text in found if owner_of_file(file) is Owner.FIRST_PARTY]
    return tuple(reversed(mine or [text for _, text in found[:3]]))
