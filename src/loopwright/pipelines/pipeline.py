"""`@pipeline`: a function that connects steps. Tracing it gives a graph; nothing is computed."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, overload

from loopwright.errors import GraphError, UsageError
from loopwright.pipelines.arguments import Opaque, Wire, argument_of
from loopwright.pipelines.graph import Graph, ordered
from loopwright.pipelines.trace import Handle, Trace, tracing


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a training pipeline returns.

    Args:
        model: The trained model; in a pipeline, the handle of the step that makes it.
        holdout: Rows the model has not seen, by which it is judged.
        predict: The model's own way to answer, a module-level function `predict(model, columns) -> columns`; it travels
            in the bundle with the project's files. `lw.predict` is the default that it can build on.
        stream: How the model answers event by event, a module-level generator `stream(model, record)` that yields dicts
            which JSON can say. It is asked by those who want a stream; everybody else gets what `predict` answers.
    """

    model: Any
    holdout: Any
    predict: Callable[..., Any] | None = None
    stream: Callable[..., Any] | None = None


class Pipeline:
    """A pipeline function. Called, it is the function; `trace` gives its graph."""

    def __init__(self, function: Callable[..., Any], *, variables: tuple[str, ...] = ()) -> None:
        functools.update_wrapper(self, function)
        self.function = function
        self.name = function.__name__
        self.variables = variables

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    @property
    def defaults(self) -> dict[str, Any]:
        """The parameters and their defaults; a parameter without one is absent."""
        known = inspect.signature(self.function).parameters
        return {name: p.default for name, p in known.items() if p.default is not inspect.Parameter.empty}

    def trace(self, parameters: Mapping[str, Any] | None = None) -> Graph:
        """Run the function with handles in place of values.

        Args:
            parameters: Values for the pipeline's parameters, in place of their defaults.

        Returns:
            The graph, in an order in which it can run.

        Raises:
            UsageError: A parameter is unknown, missing or not JSON.
            GraphError: The function does not describe a graph.
        """
        values = self._values(parameters or {})
        trace = Trace(self.name)
        with tracing(trace):
            returned = self.function(**values)
        results, candidate = self._results(trace, returned)
        return Graph(
            pipeline=self.name,
            module=self.function.__module__,
            parameters=values,
            nodes=ordered(trace.nodes),
            results=results,
            candidate=candidate,
            predict=_entry_of("predict", returned.predict) if isinstance(returned, Candidate) else "",
            stream=_entry_of("stream", returned.stream) if isinstance(returned, Candidate) else "",
            variables=self.variables,
        )

    def _values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        known = inspect.signature(self.function).parameters
        for name in given:
            if name not in known:
                listed = ", ".join(known) or "none"
                raise UsageError(
                    f"the pipeline {self.name!r} has no parameter {name!r}", why=f"its parameters: {listed}"
                )
        values = self.defaults | dict(given)
        for name in known:
            if name not in values:
                raise UsageError(
                    f"the pipeline {self.name!r} needs a value for {name!r}", fix=f"Give {name} a default."
                )
            said = argument_of(values[name], lambda _: None)
            if isinstance(said, Opaque):
                raise UsageError(f"the parameter {name!r} of the pipeline {self.name!r} is not JSON", why=said.why)
        return values

    def _results(self, trace: Trace, returned: Any) -> tuple[dict[str, Wire], bool]:
        if isinstance(returned, Candidate):
            parts: dict[str, Any] = {"model": returned.model, "holdout": returned.holdout}
        elif isinstance(returned, dict):
            parts = {str(name): value for name, value in returned.items()}
        elif isinstance(returned, Handle) and returned.outputs_ == 1:
            parts = {"result": returned}
        elif isinstance(returned, Handle | tuple | list):
            parts = {f"result_{index}": value for index, value in enumerate(returned)}
        else:
            parts = {"result": returned}
        wires: dict[str, Wire] = {}
        for name, value in parts.items():
            wire = trace.wire(value)
            if wire is None:
                raise GraphError(
                    f"the pipeline {self.name!r} returns what no step made: {name} is a {type(value).__name__}",
                    fix="Return results of steps, as `return Candidate(train(rows), holdout)`.",
                )
            wires[name] = wire
        return wires, isinstance(returned, Candidate)


def _entry_of(name: str, function: Callable[..., Any] | None) -> str:
    """The `module:qualname` of a candidate's own function; empty where it has none.

    Raises:
        GraphError: It is no module-level function, so that a serving process could not import it.
    """
    if function is None:
        return ""
    module, qualname = getattr(function, "__module__", None), getattr(function, "__qualname__", "")
    if not inspect.isfunction(function) or not module or "<" in qualname or "." in qualname:
        raise GraphError(
            f"Candidate({name}={qualname or function!r}) is not a module-level function",
            why="the process that serves the model imports it by name",
            fix="Define it with def at the top of a file.",
        )
    return f"{module}:{qualname}"


@overload
def pipeline(function: Callable[..., Any], /) -> Pipeline: ...


@overload
def pipeline(*, variables: tuple[str, ...] = ()) -> Callable[[Callable[..., Any]], Pipeline]: ...


def pipeline(function: Callable[..., Any] | None = None, /, *, variables: tuple[str, ...] = ()) -> Any:
    """Make a function a pipeline: `@pipeline` or `@pipeline(variables=("REGION",))`.

    Args:
        function: Connects steps and returns a `Candidate`, a result, or a tuple or dict of results.
        variables: Environment variables that its steps may read; a changed one re-runs every step.
    """
    if function is None:
        return lambda decorated: Pipeline(decorated, variables=variables)
    return Pipeline(function)
