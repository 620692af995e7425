"""The identities of a graph's nodes: reads source files, installed distributions and the versions of sources."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import GraphError
from loopwright.pipelines.arguments import Constant, leaves
from loopwright.pipelines.distributions import Distributions
from loopwright.pipelines.entry import function_of
from loopwright.pipelines.environment import platform_name, python_name
from loopwright.pipelines.fingerprint import Identity, shown
from loopwright.pipelines.graph import Graph, Node
from loopwright.pipelines.imports import is_installed
from loopwright.pipelines.reach import CodeReader
from loopwright.pipelines.source_files import SourceFile, source_files
from loopwright.version import VERSION


class Source(Protocol):
    """What loads one kind of source node. `app` supplies one for each kind."""

    def probe(self, spec: Any) -> Digest | None:
        """The version that is newest now; None where it cannot be known, and then the source is loaded every time."""

    def load(self, spec: Any) -> Any:
        """The value, of the version that `probe` names now."""


class Identities(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a graph before it runs.

    Attributes:
        nodes: Identity by node name.
        files: Every first-party source file that importing the pipeline's modules reads.
        probes: Version of each source node, by node name; None where unknown.
    """

    nodes: dict[str, Identity]
    files: tuple[SourceFile, ...]
    probes: dict[str, Digest | None]


def identify(
    graph: Graph,
    *,
    sources: Mapping[str, Source],
    variables: Mapping[str, str],
    distributions: Distributions | None = None,
) -> Identities:
    """Identify every node.

    Args:
        graph: The pipeline.
        sources: Loader by kind of source.
        variables: The environment variables of this process; only those the graph declares are looked at.
        distributions: What is installed; read now if not given.

    Raises:
        GraphError: A source's kind has no loader, or a step cannot be found by name.
    """
    reader, installed = CodeReader(), distributions or Distributions()
    declared = {f"${name}": _variable(variables, name) for name in graph.variables}
    nodes: dict[str, Identity] = {}
    probes: dict[str, Digest | None] = {}
    for node in graph.nodes:
        if node.source is not None:
            probes[node.name] = loader(sources, node).probe(node.source.spec)
            nodes[node.name] = _source_identity(node, probes[node.name])
        else:
            nodes[node.name] = _step_identity(node, reader, installed=installed, declared=declared)
    return Identities(nodes=nodes, files=source_files(_modules(graph), reader), probes=probes)


def loader(sources: Mapping[str, Source], node: Node) -> Source:
    """The loader of a source node. Raises GraphError."""
    kind = node.source.kind if node.source else ""
    if kind not in sources:
        raise GraphError(
            f"nothing here can load a source of kind {kind!r}", why=f"known: {', '.join(sorted(sources)) or 'none'}"
        )
    return sources[kind]


def _modules(graph: Graph) -> Sequence[str]:
    return list(dict.fromkeys([graph.module, *(node.entry.partition(":")[0] for node in graph.nodes if node.entry)]))


def _variable(variables: Mapping[str, str], name: str) -> str:
    return digest_bytes(variables[name].encode()) if name in variables else "unset"


def _source_identity(node: Node, version: Digest | None) -> Identity:
    spec = node.source.spec if node.source else None
    unknown = () if version else (f"the version of {node.name} is not known",)
    return Identity(
        parameters={"spec": shown(spec)},
        data={node.name: version or "unknown"},
        environment={"loopwright": VERSION},
        unknown=unknown,
    )


def _step_identity(
    node: Node, reader: CodeReader, *, installed: Distributions, declared: Mapping[str, str]
) -> Identity:
    parameters = _parameters(node)
    if node.entry.startswith("loopwright."):
        return Identity(code={node.entry: VERSION}, parameters=parameters, environment={"loopwright": VERSION})
    reached = reader.reach(function_of(node.entry))
    owners = {installed.owner(module, file) for module, file in reached.packages}
    unowned = sorted({m for m, file in reached.packages if installed.owner(m, file) is None})
    absent = {module: "not installed" for module in unowned if not is_installed(module)}
    packages = installed.closure(owner for owner in owners if owner)
    environment = {"python": python_name(), "platform": platform_name(), **packages, **absent, **declared}
    unknown = reached.unknown + tuple(
        f"no installed distribution owns the module {module}" for module in unowned if module not in absent
    )
    return Identity(code=reached.parts, parameters=parameters, environment=environment, unknown=unknown)


def _parameters(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, argument in node.arguments.items():
        for path, leaf in leaves(argument, name):
            if isinstance(leaf, Constant):
                found[path] = shown(leaf.value)
    options = {
        "seed": node.options.seed,
        "outputs": node.outputs if node.outputs > 1 else None,
        "trust_pickle": node.options.trust_pickle or None,
    }
    return found | {f"@{name}": value for name, value in options.items() if value is not None}
