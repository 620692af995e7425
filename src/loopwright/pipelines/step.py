"""`@step`: a function that a pipeline can run, keep the result of, and skip."""

import ast
import functools
import inspect
import typing
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from loopwright.errors import GraphError, UsageError
from loopwright.pipelines.graph import StepOptions
from loopwright.pipelines.trace import Handle, TrainingSetHandle, current, holds_handle, source

__all__ = ["Handle", "Step", "TrainingSetHandle", "source", "step"]

P = ParamSpec("P")
R = TypeVar("R")
_LARGEST_SEED = 2**32


class Step(Generic[P, R]):
    """A step. Outside a pipeline it is the function; inside, calling it adds a node and returns a handle.

    Attributes:
        function: The user's function.
        options: How it runs.
        outputs: How many results it has.
    """

    def __init__(self, function: Callable[P, R], *, options: StepOptions, outputs: int) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options
        self.outputs = outputs
        self.name = function.__name__
        self.entry = f"{function.__module__}:{function.__qualname__}"

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        trace = current()
        if trace is None:
            if holds_handle(args) or holds_handle(kwargs):
                raise GraphError(f"the step {self.name!r} was given a pipeline's result outside of that pipeline")
            return self.function(*args, **kwargs)
        try:
            bound = inspect.signature(self.function).bind(*args, **kwargs)
        except TypeError as error:
            raise GraphError(f"the step {self.name!r} was called with wrong arguments", why=str(error)) from error
        node = trace.add(
            self.name, entry=self.entry, arguments=bound.arguments, outputs=self.outputs, options=self.options
        )
        return cast("R", Handle(trace=trace, node=node, outputs=self.outputs))


@overload
def step(function: Callable[P, R], /) -> Step[P, R]: ...


@overload
def step(
    *,
    isolated: bool | None = None,
    seed: int | None = None,
    retries: int = 0,
    trust_pickle: bool = False,
    outputs: int | None = None,
    threads: int | None = None,
) -> Callable[[Callable[P, R]], Step[P, R]]: ...


def step(function: Callable[..., Any] | None = None, /, *, outputs: int | None = None, **options: Any) -> Any:
    """Make a function a step: `@step` or `@step(isolated=True, …)`.

    Args:
        function: The function; it gets stored copies of its inputs, and its results are stored.
        outputs: How many results it has; read from a return annotation `tuple[A, B]` if not given.
        options: `isolated`, `seed`, `retries`, `trust_pickle`, `threads`; see `StepOptions`.

    Raises:
        UsageError: An option has a value that cannot be.
        GraphError: The function is a coroutine or a generator.
    """
    if function is None:
        return lambda decorated: _step(decorated, outputs, options)
    return _step(function, outputs, options)


def _step(function: Callable[..., Any], outputs: int | None, options: dict[str, Any]) -> Step[Any, Any]:
    name = getattr(function, "__name__", repr(function))
    if not inspect.isfunction(function):
        raise GraphError(f"@step is for functions, and {name!r} is a {type(function).__name__}")
    if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function):
        raise GraphError(f"the step {name!r} is a coroutine or a generator", fix="Return the whole result from it.")
    if outputs is not None and outputs < 1:
        raise UsageError(f"@step(outputs={outputs}) on {name!r}: a step has at least one result")
    if options.get("retries", 0) < 0:
        raise UsageError(f"@step(retries={options['retries']}) on {name!r} is negative")
    if options.get("seed") is not None and not 0 <= options["seed"] < _LARGEST_SEED:
        raise UsageError(f"@step(seed={options['seed']}) on {name!r} is not in 0 … 2**32 - 1")
    said = function.__annotations__.get("return")
    return Step(function, options=StepOptions(**options), outputs=outputs or _declared_outputs(said))


def _declared_outputs(annotation: Any) -> int:
    """2 for `tuple[A, B]`, also where annotations are text; 1 for anything else, `tuple[A, ...]` included."""
    if isinstance(annotation, str):
        return _declared_in_text(annotation)
    if typing.get_origin(annotation) is not tuple:
        return 1
    parts = typing.get_args(annotation)
    return 1 if Ellipsis in parts else max(1, len(parts))


def _declared_in_text(annotation: str) -> int:
    try:
        tree = ast.parse(annotation, mode="eval").body
    except SyntaxError:
        return 1
    if not isinstance(tree, ast.Subscript) or ast.unparse(tree.value).rpartition(".")[2].lower() != "tuple":
        return 1
    parts = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else [tree.slice]
    dots = any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in parts)
    return 1 if dots else max(1, len(parts))
