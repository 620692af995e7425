"""Tracing: while a pipeline function runs, calls of steps become nodes and their results are handles."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, TypeVar, overload

from loopwright.errors import GraphError
from loopwright.pipelines.arguments import Argument, Opaque, Wire, argument_of
from loopwright.pipelines.graph import Node, SourceSpec, StepOptions

H = TypeVar("H", bound="Handle")
_CURRENT: ContextVar["Trace | None"] = ContextVar("loopwright_trace", default=None)


class Trace:
    """Collects the nodes of one pipeline call. Used by one thread."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline = pipeline
        self.nodes: list[Node] = []
        self.names: dict[str, int] = {}

    def add(
        self,
        name: str,
        *,
        entry: str = "",
        source: SourceSpec | None = None,
        arguments: Mapping[str, Any],
        outputs: int = 1,
        options: StepOptions | None = None,
    ) -> str:
        """Append a node and return its name, made unique.

        Raises:
            GraphError: An argument is a handle of another pipeline.
        """
        count = self.names[name] = self.names.get(name, 0) + 1
        unique = name if count == 1 else f"{name}-{count}"
        said = {key: argument_of(value, self.wire) for key, value in arguments.items()}
        self.nodes.append(
            Node(
                name=unique,
                entry=entry,
                source=source,
                arguments=said,
                outputs=outputs,
                options=options or StepOptions(),
            )
        )
        return unique

    def wire(self, value: Any) -> Wire | None:
        """The wire of a handle of this trace; None for what is not a handle."""
        if not isinstance(value, Handle):
            return None
        handle: Handle = value
        if handle.trace_ is not self:
            raise GraphError(
                f"a result of the pipeline {handle.trace_.pipeline!r} is used in the pipeline {self.pipeline!r}",
                why="a result exists only within the call of the pipeline that made it",
            )
        if handle.outputs_ != 1:
            raise GraphError(
                f"all {handle.outputs_} results of the step {handle.node_!r} are used as one value",
                fix=f"Unpack them: a, b = {handle.node_}(...).",
            )
        return Wire(node=handle.node_, output=handle.output_)


class Handle:
    """A result that does not exist yet: it can be given to steps, and unpacked where a step has several results."""

    __slots__ = ("node_", "output_", "outputs_", "trace_")

    def __init__(self, *, trace: Trace, node: str, output: int = 0, outputs: int = 1) -> None:
        self.trace_ = trace
        self.node_ = node
        self.output_ = output
        self.outputs_ = outputs

    def call(self: H, entry: str, parameters: Mapping[str, Any], *, outputs: int = 1) -> H:
        """A node that calls the function `entry` (`module:qualname`) with this result first, and `parameters`.

        For methods of values: a subclass of Handle declares the method and calls this.
        """
        name = entry.partition(":")[2]
        node = self.trace_.add(name, entry=entry, arguments={"0": self, **parameters}, outputs=outputs)
        return type(self)(trace=self.trace_, node=node, outputs=outputs)

    def __iter__(self: H) -> Iterator[H]:
        if self.outputs_ == 1:
            raise GraphError(
                f"the step {self.node_!r} has one result, which cannot be unpacked or looped over in the pipeline",
                fix="Annotate the step to return tuple[A, B], or pass @step(outputs=2); or loop inside a step.",
            )
        return iter([type(self)(trace=self.trace_, node=self.node_, output=i) for i in range(self.outputs_)])

    def __repr__(self) -> str:
        return f"<result {self.output_} of {self.node_}, not computed yet>"

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(f".{name}")

    def _refuse(self, use: str) -> NoReturn:
        raise GraphError(
            f"the result of {self.node_!r} does not exist yet, so {use} cannot be asked of it",
            why="a pipeline function only connects steps; values exist when it runs",
            fix="Move this expression into a step.",
        )

    def __bool__(self) -> NoReturn:  # noqa: PLE0304 - always refuses
        self._refuse("if …")

    def __len__(self) -> int:
        if self.outputs_ == 1:
            self._refuse("len()")
        return self.outputs_

    def __getitem__(self: H, key: int) -> H:
        if self.outputs_ == 1 or not isinstance(key, int):
            self._refuse(f"[{key!r}]")
        output = range(self.outputs_)[key]
        return type(self)(trace=self.trace_, node=self.node_, output=output)

    def __call__(self, *_: object, **__: object) -> NoReturn:
        self._refuse("()")

    def __lt__(self, other: object) -> NoReturn:
        self._refuse(f"< {other!r}")

    def __gt__(self, other: object) -> NoReturn:
        self._refuse(f"> {other!r}")

    def __add__(self, other: object) -> NoReturn:
        self._refuse(f"+ {other!r}")

    def __mul__(self, other: object) -> NoReturn:
        self._refuse(f"* {other!r}")


class TrainingSetHandle(Handle):
    """A training set that does not exist yet."""

    __slots__ = ()

    def split(
        self, *, last: str | None = None, fraction: float | None = None, seed: int = 0
    ) -> "tuple[TrainingSetHandle, TrainingSetHandle]":
        """`(the rest, the held-out part)`; see `TrainingSet.split`."""
        parameters = {"last": last, "fraction": fraction, "seed": seed}
        entry = "loopwright.formats.training_set:split_training_set"
        first, second = self.call(entry, {k: v for k, v in parameters.items() if v is not None}, outputs=2)
        return first, second


def current() -> Trace | None:
    """The trace under way in this context."""
    return _CURRENT.get()


@contextmanager
def tracing(trace: Trace) -> Iterator[Trace]:
    """Make calls of steps go to `trace`."""
    token = _CURRENT.set(trace)
    try:
        yield trace
    finally:
        _CURRENT.reset(token)


def holds_handle(value: Any) -> bool:
    """Whether a handle is in `value`, directly or in lists and dicts."""
    if isinstance(value, Handle):
        return True
    if isinstance(value, list | tuple):
        return any(holds_handle(item) for item in value)
    return isinstance(value, dict) and any(holds_handle(item) for item in value.values())


@overload
def source(kind: str, spec: Any, *, name: str = "") -> Handle: ...


@overload
def source(kind: str, spec: Any, *, name: str = "", handle: type[H]) -> H: ...


def source(kind: str, spec: Any, *, name: str = "", handle: type[Handle] = Handle) -> Handle:
    """A value that comes from outside the pipeline.

    Args:
        kind: Which of the caller's sources loads it, as `training_set`.
        spec: JSON that says which value; part of the graph.
        name: What plans call it; `kind` alone if empty.
        handle: The class of the handle, where the value has methods of its own.

    Raises:
        GraphError: Called outside a pipeline, or `spec` is not JSON.
    """
    trace = current()
    if trace is None:
        raise GraphError(
            f"a {kind} can be asked for only inside a pipeline function", fix="Move the call into @pipeline."
        )
    said: Argument = argument_of(spec, lambda _: None)
    if isinstance(said, Opaque):
        raise GraphError(f"the description of a {kind} is not JSON", why=f"{said.type_name}: {said.why}")
    node = trace.add(f"{kind}:{name}" if name else kind, source=SourceSpec(kind=kind, spec=spec), arguments={})
    return handle(trace=trace, node=node)
