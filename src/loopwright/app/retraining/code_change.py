"""Whether the code that makes the model is still the champion's: the user's steps on the way to the model."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loopwright.app.loop_file import LoadedLoop
from loopwright.app.run import graph_of
from loopwright.app.versions import manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest, digest_bytes, digest_value
from loopwright.errors import StoreError
from loopwright.pipelines.graph import Graph
from loopwright.pipelines.identify import identify
from loopwright.registry.version import find_version
from loopwright.store.trees import read_tree

Code = dict[str, dict[str, Digest]]
_OURS = "loopwright."


class _NoSource:
    """A source that is not looked at: only code is asked."""

    def probe(self, spec: Any) -> Digest | None:  # noqa: ARG002 - the form of a source
        return None

    def load(self, spec: Any) -> Any:  # noqa: ARG002 - the form of a source
        return None


def training_code(loaded: LoadedLoop) -> Digest:
    """The digest of the code of every step of the user's that the model depends on, as the loop file is now.

    Raises:
        GraphError, UsageError, LoopFileError: The pipeline is not one.
    """
    graph = graph_of(loaded, None)
    sources = {node.source.kind: _NoSource() for node in graph.nodes if node.source is not None}
    nodes = identify(graph, sources=sources, variables={}).nodes
    return _digest({name: nodes[name].code for name in _steps(graph) if not graph.node(name).entry.startswith(_OURS)})


def champion_code(workspace: Workspace, loop: str, version: Digest, *, graph: Graph) -> Digest | None:
    """The same of the champion, from the run that made it; None where that is not recorded.

    Args:
        workspace: The workspace.
        loop: The loop's name.
        version: The champion.
        graph: The loop's pipeline; says which steps the model depends on.
    """
    ledger = workspace.stores.ledger
    made = find_version(ledger, version, name=loop)
    run = ledger.record("run", made.provenance.run) if made is not None and made.provenance.run else None
    if run is None:
        return None
    code: Code = {}
    for name in _steps(graph):
        said = run.data.get("steps", {}).get(name)
        result = ledger.record("step_result", said["fingerprint"]) if said else None
        if result is not None and not graph.node(name).entry.startswith(_OURS):
            code[name] = result.data["fingerprint"]["identity"].get("code", {})
    return _digest(code) if code else None


def files_as_of(workspace: Workspace, version: Digest, project: Path) -> tuple[bool, tuple[Any, ...]]:
    """Whether any source file of a version's is another one in the project now, and a signature of what was looked at.

    Cheap: whether it is worth asking what the training code is.
    """
    try:
        entries = read_tree(workspace.stores.blobs, manifest_of(workspace, version).parts["code"])
    except (StoreError, KeyError):
        return False, ()
    stamps = tuple(_stamp(project / entry.path) for entry in entries)
    changed = any(_digest_of(project / entry.path) != entry.digest for entry in entries)
    return changed, (version, stamps)


def _steps(graph: Graph) -> Iterator[str]:
    """The steps that the model depends on, and the one that makes it."""
    model = graph.results.get("model")
    waiting, seen = [model.node] if model else [], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        node = graph.node(name)
        waiting += [wire.node for _, wire in node.wires()]
        if node.source is None:
            yield name


def _digest(code: Code) -> Digest:
    return digest_value(dict(sorted(code.items())))


def _digest_of(path: Path) -> Digest:
    try:
        return digest_bytes(path.read_bytes())
    except OSError:
        return ""


def _stamp(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size
