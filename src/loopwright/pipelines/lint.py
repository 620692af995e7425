"""What is wrong, or looks wrong, with a graph before it runs: everything at once."""

from typing import Literal

import msgspec

from loopwright.errors import GraphError
from loopwright.pipelines.arguments import Opaque, leaves
from loopwright.pipelines.graph import Graph, Node


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One finding; an `error` keeps the pipeline from running."""

    step: str
    severity: Literal["error", "warning"]
    text: str
    fix: str


def lint(graph: Graph) -> tuple[Problem, ...]:
    """Every problem of the graph, in its order."""
    needed = _needed(graph)
    found: list[Problem] = []
    for node in graph.nodes:
        found += _entry_problems(node)
        found += _argument_problems(node)
        if node.name not in needed:
            found.append(
                Problem(
                    step=node.name,
                    severity="warning",
                    text=f"nothing uses the result of {node.name}",
                    fix="Return it from the pipeline, or remove the call.",
                )
            )
    return tuple(found)


def require_sound(graph: Graph) -> tuple[Problem, ...]:
    """Every warning.

    Raises:
        GraphError: There are errors; the message has all of them.
    """
    problems = lint(graph)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise GraphError(
            f"the pipeline {graph.pipeline!r} cannot run: {errors[0].text}",
            why="; ".join(problem.text for problem in errors[1:]),
            fix=" ".join(dict.fromkeys(p.fix for p in errors)),
            problems=[msgspec.to_builtins(problem) for problem in errors],
        )
    return problems


def _needed(graph: Graph) -> set[str]:
    needed = {wire.node for wire in graph.results.values()}
    for node in reversed(graph.nodes):
        if node.name in needed:
            needed |= {wire.node for _, wire in node.wires()}
    return needed


def _entry_problems(node: Node) -> list[Problem]:
    if not node.entry:
        return []
    module, _, qualname = node.entry.partition(":")
    fix = "Define the step with `def` at the top level of a module of the project."
    if "<lambda>" in qualname:
        return [
            Problem(
                step=node.name, severity="error", text=f"the step {node.name} is a lambda, which has no name", fix=fix
            )
        ]
    if "<locals>" in qualname:
        outer = qualname.partition(".<locals>")[0]
        text = f"the step {node.name} is defined inside {outer}, where a child process cannot find it"
        return [Problem(step=node.name, severity="error", text=text, fix=fix)]
    if module == "__main__":
        text = f"the step {node.name} is defined in the program that is running (__main__)"
        return [Problem(step=node.name, severity="error", text=text, fix="Move the step to a module, and import it.")]
    return []


def _argument_problems(node: Node) -> list[Problem]:
    found = []
    for name, argument in node.arguments.items():
        for path, leaf in leaves(argument, name):
            if isinstance(leaf, Opaque):
                text = f"the argument {path} of {node.name} is a {leaf.type_name}: {leaf.why}"
                fix = "Give steps plain values; make the rest inside the step, or in a step of its own."
                found.append(Problem(step=node.name, severity="error", text=text, fix=fix))
    return found
