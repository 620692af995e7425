"""Runs tasks in this process, with the same round trip through stored values as a child process makes."""

import contextlib
import sys
from typing import TextIO

from loopwright.core.clock import Clock
from loopwright.pipelines.runners.invocation import Invoker, random_state, restore
from loopwright.pipelines.task import Result, Runner, Task
from loopwright.store.blobs import Blobs


class InProcessRunner(Runner):
    """No isolation: a step that aborts takes this process with it.

    What steps print goes to `output`, so that standard output stays free for data.
    """

    def __init__(self, blobs: Blobs, *, clock: Clock, output: TextIO | None = None) -> None:
        self._invoker = Invoker(blobs, clock)
        self._output = output

    def run(self, task: Task) -> Result:
        state = random_state()
        try:
            with contextlib.redirect_stdout(self._output or sys.stderr):
                return self._invoker.perform(task)
        finally:
            restore(state)

    def close(self) -> None:
        """Nothing runs between calls."""
