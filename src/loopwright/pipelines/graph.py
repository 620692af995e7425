"""A pipeline as data: nodes in the order in which they can run."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from loopwright.core.hashing import Digest, digest_value
from loopwright.errors import GraphError
from loopwright.pipelines.arguments import Argument, Wire, leaves


class StepOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a step runs.

    Attributes:
        isolated: Run in a child process; None: only the step that makes the candidate's model.
        seed: Seed of `random` and of NumPy's legacy generator; None: taken from the step's fingerprint.
        retries: How often a step that raised or died is tried again.
        trust_pickle: Allow results that can only be pickled.
        threads: Threads of native libraries in a child process; None: as many as the run has cores.
    """

    isolated: bool | None = None
    seed: int | None = None
    retries: int = 0
    trust_pickle: bool = False
    threads: int | None = None


class SourceSpec(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value comes from: a kind that the caller of the pipeline knows how to load, and JSON for it."""

    kind: str
    spec: Any


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the graph.

    Attributes:
        name: Unique in its graph; the function's name, then `train-2` and so on. A source has `kind:name`.
        entry: `module:qualname` of the function; empty for a source.
        arguments: By parameter name; a name of digits is a position.
        outputs: How many results the node has.
    """

    name: str
    entry: str = ""
    source: SourceSpec | None = None
    arguments: dict[str, Argument] = {}
    outputs: int = 1
    options: StepOptions = StepOptions()

    def wires(self) -> Iterator[tuple[str, Wire]]:
        """Every input, by the path of its argument."""
        for name, argument in self.arguments.items():
            for path, leaf in leaves(argument, name):
                if isinstance(leaf, Wire):
                    yield path, leaf


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """A traced pipeline.

    Attributes:
        pipeline: The pipeline function's name.
        module: The module that holds it.
        parameters: The pipeline's parameters in this trace.
        nodes: Every node after those that it needs.
        results: What the pipeline returned: name → output. A candidate has `model` and `holdout`.
        candidate: Whether it returned a `Candidate`.
        predict: `module:qualname` of the candidate's own predict function; empty where it has none.
        stream: The same of its own stream function.
        variables: Environment variables that the pipeline declares; they reach the steps and are part of identity.
    """

    pipeline: str
    module: str
    parameters: dict[str, Any]
    nodes: tuple[Node, ...]
    results: dict[str, Wire]
    candidate: bool = False
    variables: tuple[str, ...] = ()
    predict: str = ""
    stream: str = ""

    def node(self, name: str) -> Node:
        """The node of that name. Raises GraphError."""
        for node in self.nodes:
            if node.name == name:
                return node
        raise GraphError(f"the pipeline {self.pipeline!r} has no step {name!r}")

    def isolated(self, node: Node) -> bool:
        """Whether the node runs in a child process."""
        if node.options.isolated is not None:
            return node.options.isolated
        model = self.results.get("model") if self.candidate else None
        return bool(node.entry) and model is not None and model.node == node.name

    @property
    def digest(self) -> Digest:
        """Names the graph."""
        return digest_value(self)


def ordered(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """The nodes in an order in which they can run, stable where there is a choice.

    Raises:
        GraphError: A node needs one that is not there, or nodes need each other in a circle.
    """
    waiting = {node.name: {wire.node for _, wire in node.wires()} for node in nodes}
    if len(waiting) != len(nodes):
        raise GraphError("two nodes of the graph have the same name")
    for name, needs in waiting.items():
        if missing := sorted(needs - waiting.keys()):
            raise GraphError(f"the step {name!r} needs {missing[0]!r}, which is not in the graph")
    done: list[Node] = []
    finished: set[str] = set()
    while len(done) < len(nodes):
        ready = [node for node in nodes if node.name not in finished and waiting[node.name] <= finished]
        if not ready:
            circle = _circle({name: needs - finished for name, needs in waiting.items() if name not in finished})
            raise GraphError("steps of the pipeline need each other in a circle", why=" → ".join(circle))
        done.append(ready[0])
        finished.add(ready[0].name)
    return tuple(done)


def _circle(needs: dict[str, set[str]]) -> list[str]:
    path = [next(iter(needs))]
    while True:
        following = min(needs[path[-1]])
        if following in path:
            return [*path[path.index(following) :], following]
        path.append(following)
