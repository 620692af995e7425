"""Running one task: decode, seed, call, encode. The same code in every runner."""

import importlib
import inspect
import random  # noqa: TID251 - the one place that seeds it, so that a step has the same draws in every run
import sys
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from loopwright.core.clock import Clock
from loopwright.core.hashing import Digest, digest_file
from loopwright.errors import LoopwrightError, StepFailedError
from loopwright.formats.value import get_value, put_value
from loopwright.pipelines.arguments import Given, valued
from loopwright.pipelines.checkpoint import keeping_in
from loopwright.pipelines.entry import function_of
from loopwright.pipelines.imported import imported_digest
from loopwright.pipelines.runners.failure import failure_of, source_changed
from loopwright.pipelines.task import Result, Task
from loopwright.store.blobs import Blobs
from loopwright.store.trees import read_tree

_OURS = __name__.partition(".")[0]


class Invoker:
    """Runs tasks on one blob store; checks each source tree once."""

    def __init__(self, blobs: Blobs, clock: Clock) -> None:
        self._blobs = blobs
        self._clock = clock
        self._checked: set[Digest] = set()

    def perform(self, task: Task) -> Result:
        """Run a task.

        Raises:
            StepFailedError: The user's function raised, or its source is not the one that was planned.
            LoopwrightError: Inputs cannot be read, or results cannot be stored.
        """
        function = self._function(task)
        values = {name: valued(argument, self._load) for name, argument in task.arguments.items()}
        seed(task.seed, numeric=task.numeric)
        started = self._clock.monotonic()
        with keeping_in(task.checkpoint):
            returned = _call(task.step, function, values)
        duration_us = int((self._clock.monotonic() - started) * 1_000_000)
        outputs = [put_value(self._blobs, v, trust_pickle=task.trust_pickle) for v in _outputs(task, returned)]
        return Result(outputs=tuple(outputs), duration_us=duration_us)

    def _load(self, given: Given) -> Any:
        return get_value(self._blobs, given.digest, trust_pickle=given.trust_pickle)

    def _function(self, task: Task) -> Callable[..., Any]:
        try:
            function = function_of(task.entry)
        except LoopwrightError:
            raise
        except Exception as error:
            raise failure_of(task.step, error).error() from error
        if task.source is not None and task.source not in self._checked:
            self._check_source(task.step, task.source)
            self._checked.add(task.source)
        return function

    def _check_source(self, step: str, source: Digest) -> None:
        """Compare what was imported, or else the loaded modules' files, with what was planned."""
        for entry in read_tree(self._blobs, source):
            name = entry.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            module = sys.modules.get(name)
            if module is not None and _text_digest(module) not in (None, entry.digest):
                raise source_changed(step, entry.path).error()


def _text_digest(module: ModuleType) -> Digest | None:
    file = Path(getattr(module, "__file__", None) or "")
    return imported_digest(module) or (digest_file(file) if file.is_file() else None)


def seed(value: int, *, numeric: bool) -> None:
    """Fix the draws of `random` and, where numeric packages are used, of NumPy's legacy generator."""
    random.seed(value)
    if numeric or "numpy" in sys.modules:
        importlib.import_module("numpy").random.seed(value)


def random_state() -> tuple[Any, Any]:
    """The generators' states, to be given back by `restore`."""
    numpy = sys.modules.get("numpy")
    return random.getstate(), numpy.random.get_state() if numpy and hasattr(numpy, "random") else None


def restore(state: tuple[Any, Any]) -> None:
    """Put the generators back."""
    random.setstate(state[0])
    if state[1] is not None:
        sys.modules["numpy"].random.set_state(state[1])


def _call(step: str, function: Callable[..., Any], values: dict[str, Any]) -> Any:
    try:
        positional, named = bound(function, values)
        return function(*positional, **named)
    except (Exception, SystemExit) as error:
        if isinstance(error, LoopwrightError) and function.__module__.partition(".")[0] == _OURS:
            raise  # a step of our own, as a split, refused its arguments: there is no user code to point at
        raise failure_of(step, error).error() from error


def bound(function: Callable[..., Any], values: dict[str, Any]) -> tuple[Sequence[Any], dict[str, Any]]:
    """The values as a call's positions and names; names of digits are positions."""
    if any(name.isdigit() for name in values):
        positional = [values[name] for name in sorted((n for n in values if n.isdigit()), key=int)]
        return positional, {name: value for name, value in values.items() if not name.isdigit()}
    signature = inspect.signature(function)
    listed = OrderedDict((name, values[name]) for name in signature.parameters if name in values)
    bound = inspect.BoundArguments(signature, listed)
    return bound.args, bound.kwargs


def _outputs(task: Task, returned: Any) -> list[Any]:
    if task.outputs == 1:
        return [returned]
    if not isinstance(returned, tuple | list) or len(returned) != task.outputs:
        count = f"{len(returned)} values" if isinstance(returned, tuple | list) else f"a {type(returned).__name__}"
        raise StepFailedError(
            f"the step {task.step!r} returned {count} where {task.outputs} results are declared", step=task.step
        )
    return list(returned)
