"""The planner: which steps will run, and why. A pure function; `explain` says it."""

from collections.abc import Mapping
from typing import Any, Literal, Protocol

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest, digest_value
from loopwright.pipelines.fingerprint import Fingerprint, Identity, Reason, changes, identity_changes
from loopwright.pipelines.graph import Graph, Node


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finished step, as the ledger keeps it under its fingerprint's digest."""

    pipeline: str
    step: str
    outputs: tuple[Digest, ...]
    fingerprint: Fingerprint
    run: str
    seed: int
    threads: int
    isolated: bool
    duration_us: int
    at: Micros = 0


class CacheState(Protocol):
    """What the planner knows of earlier runs."""

    def result(self, fingerprint: Digest) -> StepResult | None:
        """The step of that fingerprint, where it has finished once."""

    def last(self, pipeline: str, step: str) -> Fingerprint | None:
        """The fingerprint with which the step of that name finished last."""

    def stored(self, digest: Digest) -> bool:
        """Whether the value is still there."""


class NodePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What will happen to one node.

    Attributes:
        name: The node.
        action: `reuse` the stored result, or `run`.
        reasons: Why it runs; empty for `reuse`.
        isolated: Whether it runs in a child process.
        waits_for: Nodes that run first; if their results turn out the same as before, this one is reused after all.
        fingerprint: Its fingerprint, where its inputs are known already.
        outputs: The stored results, for `reuse`.
    """

    name: str
    action: Literal["run", "reuse"]
    reasons: tuple[Reason, ...] = ()
    isolated: bool = False
    waits_for: tuple[str, ...] = ()
    fingerprint: Fingerprint | None = None
    outputs: tuple[Digest, ...] = ()


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a run will do, node by node, in order."""

    graph: Graph
    identities: dict[str, Identity]
    nodes: tuple[NodePlan, ...]

    @property
    def unchanged(self) -> bool:
        """Whether nothing would run."""
        return all(node.action == "reuse" for node in self.nodes)

    @property
    def running(self) -> tuple[str, ...]:
        """The names of the nodes that will run, or will unless their inputs turn out unchanged."""
        return tuple(node.name for node in self.nodes if node.action == "run")

    @property
    def results(self) -> dict[str, Digest]:
        """The pipeline's results, of those that are known already."""
        known = {node.name: node.outputs for node in self.nodes if node.action == "reuse"}
        return {name: known[wire.node][wire.output] for name, wire in self.graph.results.items() if wire.node in known}


def plan(graph: Graph, identities: Mapping[str, Identity], cache: CacheState) -> Plan:
    """Decide for each node.

    Args:
        graph: The pipeline.
        identities: Identity by node name.
        cache: Earlier results.
    """
    planned: dict[str, NodePlan] = {}
    for node in graph.nodes:
        planned[node.name] = _node(graph, node, identity=identities[node.name], planned=planned, cache=cache)
    return Plan(graph=graph, identities=dict(identities), nodes=tuple(planned.values()))


def _node(
    graph: Graph, node: Node, *, identity: Identity, planned: Mapping[str, NodePlan], cache: CacheState
) -> NodePlan:
    isolated = graph.isolated(node)
    running = sorted({wire.node for _, wire in node.wires() if planned[wire.node].action == "run"})
    if running:
        return NodePlan(
            name=node.name,
            action="run",
            isolated=isolated,
            waits_for=tuple(running),
            reasons=_waiting_reasons(identity, running, last=cache.last(graph.pipeline, node.name)),
        )
    fingerprint = fingerprint_of(
        graph, node, identity=identity, finished={name: p for name, p in planned.items() if p.fingerprint}
    )
    result = None if identity.unknown else cache.result(fingerprint.digest)
    if result is not None and all(cache.stored(digest) for digest in result.outputs):
        return NodePlan(
            name=node.name, action="reuse", isolated=isolated, fingerprint=fingerprint, outputs=result.outputs
        )
    reasons = _reasons(fingerprint, last=cache.last(graph.pipeline, node.name), gone=result is not None)
    return NodePlan(name=node.name, action="run", isolated=isolated, fingerprint=fingerprint, reasons=reasons)


class Finished(Protocol):
    """A node whose results are known: a planned reuse, or a step that has run."""

    @property
    def fingerprint(self) -> Fingerprint | None: ...

    @property
    def outputs(self) -> tuple[Digest, ...]: ...


def fingerprint_of(graph: Graph, node: Node, *, identity: Identity, finished: Mapping[str, Finished]) -> Fingerprint:
    """The node's fingerprint, once everything that it needs is finished.

    A pickle refers to its classes by name, so the same pickle means something else once that code has changed: what a
    step with `trust_pickle` made counts together with the fingerprint of that step.
    """
    inputs: dict[str, Digest] = {}
    for path, wire in node.wires():
        made = finished[wire.node]
        digest = made.outputs[wire.output]
        if graph.node(wire.node).options.trust_pickle and made.fingerprint is not None:
            digest = digest_value([digest, made.fingerprint.digest])
        inputs[path] = digest
    return Fingerprint(identity=identity, inputs=inputs)


def _unknown(identity: Identity) -> tuple[Reason, ...]:
    return tuple(Reason(part="unknown", text=f"cannot be known: {why}") for why in identity.unknown)


def _reasons(new: Fingerprint, *, last: Fingerprint | None, gone: bool) -> tuple[Reason, ...]:
    if gone:
        return (Reason(part="missing", text="its stored result is gone"),)
    if last is None:
        return (*_unknown(new.identity), Reason(part="new", text="it has not run yet"))
    return _unknown(new.identity) + changes(last, new)


def _waiting_reasons(identity: Identity, running: list[str], *, last: Fingerprint | None) -> tuple[Reason, ...]:
    own = identity_changes(last.identity, identity) if last else (Reason(part="new", text="it has not run yet"),)
    upstream = tuple(Reason(part="upstream", name=name, text=f"{name} runs") for name in running)
    return _unknown(identity) + own + upstream


def explain(planned: Plan) -> tuple[str, ...]:
    """One line a node: what will happen, and every reason."""
    lines = []
    for node in planned.nodes:
        if node.action == "reuse":
            lines.append(f"reuse  {node.name}")
            continue
        own = [reason for reason in node.reasons if reason.part != "upstream"]
        unless = "" if own else " (reused after all if its inputs come out the same)"
        lines.append(f"run    {node.name}: {'; '.join(reason.text for reason in node.reasons)}{unless}")
    return tuple(lines)


def plan_json(planned: Plan) -> dict[str, Any]:
    """The plan as JSON: pipeline, parameters, and for each node its name, action, reasons and fingerprint."""
    nodes = [
        {
            "name": node.name,
            "action": node.action,
            "isolated": node.isolated,
            "waits_for": list(node.waits_for),
            "reasons": [msgspec.to_builtins(reason) for reason in node.reasons],
            "fingerprint": node.fingerprint.digest if node.fingerprint else None,
            "outputs": list(node.outputs),
        }
        for node in planned.nodes
    ]
    return {
        "pipeline": planned.graph.pipeline,
        "parameters": planned.graph.parameters,
        "unchanged": planned.unchanged,
        "steps": nodes,
        "results": planned.results,
    }
