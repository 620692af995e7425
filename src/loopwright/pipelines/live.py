"""A pipeline's graph computed on live values, in this process: nothing is stored, nothing is isolated.

For simulations, where a model is trained many times and only its answers matter. A run goes through `execute`.
"""

import sys
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from typing import Any

from loopwright.errors import StepFailedError
from loopwright.pipelines.arguments import Argument, Constant, Keyed, Listed, Wire
from loopwright.pipelines.entry import function_of
from loopwright.pipelines.graph import Graph, Node
from loopwright.pipelines.runners.failure import failure_of
from loopwright.pipelines.runners.invocation import bound, random_state, restore, seed

_NO_SEED = 0


def evaluate(graph: Graph, load: Callable[[Node], Any]) -> dict[str, Any]:
    """The pipeline's results by name.

    Args:
        graph: The traced pipeline.
        load: The value of a source node.

    Raises:
        StepFailedError: A step raised.
        GraphError: A step's function is not to be found.
    """
    made: dict[str, Any] = {}
    state = random_state()
    try:
        with redirect_stdout(sys.stderr):
            for node in graph.nodes:
                made[node.name] = load(node) if node.source is not None else _computed(node, made)
    finally:
        restore(state)
    return {name: _output(made, wire) for name, wire in graph.results.items()}


def _computed(node: Node, made: Mapping[str, Any]) -> Any:
    function = function_of(node.entry)
    values = {name: _value(argument, made) for name, argument in node.arguments.items()}
    seed(_NO_SEED if node.options.seed is None else node.options.seed, numeric=True)
    try:
        positional, named = bound(function, values)
        returned = function(*positional, **named)
    except (Exception, SystemExit) as error:
        raise failure_of(node.name, error).error() from error
    if node.outputs == 1:
        return (returned,)
    if not isinstance(returned, tuple | list) or len(returned) != node.outputs:
        raise StepFailedError(f"the step {node.name!r} did not return {node.outputs} results", step=node.name)
    return tuple(returned)


def _value(argument: Argument, made: Mapping[str, Any]) -> Any:
    if isinstance(argument, Wire):
        return _output(made, argument)
    if isinstance(argument, Listed):
        return [_value(item, made) for item in argument.items]
    if isinstance(argument, Keyed):
        return {name: _value(item, made) for name, item in argument.items.items()}
    return argument.value if isinstance(argument, Constant) else None


def _output(made: Mapping[str, Any], wire: Wire) -> Any:
    value = made[wire.node]
    return value[wire.output] if isinstance(value, tuple) else value
