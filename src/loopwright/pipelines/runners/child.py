"""The child process of `SpawnedRunner`: takes tasks from one pipe, answers on another, dies with its parent.

Started as `python -m loopwright.pipelines.runners.child TASKS ANSWERS LIFELINE CRASHES`, four file descriptors.
"""

import contextlib
import faulthandler
import fcntl
import importlib
import os
import queue
import select
import signal
import sys
import threading
from pathlib import Path

from loopwright.core.clock import SystemClock
from loopwright.core.environment import set_variables
from loopwright.errors import LoopwrightError
from loopwright.pipelines.imported import record_imports
from loopwright.pipelines.runners.failure import refusal_of
from loopwright.pipelines.runners.frames import Answer, Done, Start, receive, send
from loopwright.pipelines.runners.invocation import Invoker
from loopwright.pipelines.task import Task
from loopwright.store.backends.local_blobs import LocalBlobs

_SLOW_CODECS = {"sklearn.tree": "skops.io"}
"""Modules whose models are stored by a library that takes long to import (it lists every estimator)."""


def main(tasks: int, answers: int, lifeline: int, *, crashes: int) -> None:
    """Serve tasks until the parent closes the pipe or dies."""
    die_with_parent(lifeline)
    faulthandler.enable(file=crashes)
    os.dup2(2, 1)  # what user code prints goes where its errors go
    start = receive(tasks, Start)
    if start is None:
        return
    waiting: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(tasks, waiting), daemon=True).start()
    sys.path[:0] = [path for path in start.search_path if path not in sys.path]
    _preload(start.modules)
    invoker = Invoker(LocalBlobs(Path(start.blobs)), SystemClock())
    while True:
        task = waiting.get()
        set_variables(task.variables)
        send(answers, _answer(invoker, task))


def die_with_parent(lifeline: int) -> None:
    """Have the kernel signal this process group when the last writer of the pipe is gone.

    A thread that reads the pipe would not do: native code that holds the interpreter's lock would keep it waiting.
    """
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | fcntl.FASYNC)
    if select.select([lifeline], [], [], 0)[0]:  # it was gone before the kernel knew whom to tell
        os.killpg(0, signal.SIGKILL)


def _listen(tasks: int, waiting: "queue.SimpleQueue[Task]") -> None:
    """Pass tasks on; at the end of the pipe nobody waits for an answer any more, so the whole group ends."""
    while (task := receive(tasks, Task)) is not None:
        waiting.put(task)
    os.killpg(0, signal.SIGKILL)


def _preload(modules: tuple[str, ...]) -> None:
    """Import what the tasks will need while the parent is still busy; a failure shows again when a task needs it."""
    record_imports()
    for module in modules:
        with contextlib.suppress(Exception, SystemExit):
            importlib.import_module(module)
    for library, codec in _SLOW_CODECS.items():
        if library in sys.modules:
            with contextlib.suppress(ImportError):
                importlib.import_module(codec)


def _answer(invoker: Invoker, task: Task) -> Answer:
    try:
        return Done(result=invoker.perform(task))
    except LoopwrightError as error:
        return refusal_of(error)


if __name__ == "__main__":
    tasks, answers, lifeline, crashes = map(int, sys.argv[1:])
    main(tasks, answers, lifeline, crashes=crashes)
