"""The fast answer to `run` and `plan` where nothing has changed.

From the last plan's snapshot, importing nothing heavy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from loopwright.app.loop_run import LoopRun
from loopwright.app.workspace import Workspace
from loopwright.core.codec import canonical
from loopwright.core.environment import variables
from loopwright.core.hashing import digest_bytes, digest_value
from loopwright.pipelines.snapshot import Watch, check_snapshot, save_snapshot

if TYPE_CHECKING:
    from loopwright.app.loop_file import LoadedLoop
    from loopwright.app.run import Planned


def last_answer(workspace: Workspace, project: Path, file: str, *, parameters: Mapping[str, Any]) -> LoopRun | None:
    """The last run, if everything that it was made from is as it was; None otherwise."""
    key = _key(project, file, parameters)
    checked = check_snapshot(workspace.home, key, facts=_facts(workspace), variables=variables())
    return msgspec.convert(checked.answer, LoopRun) if checked.holds else None


def keep_answer(
    workspace: Workspace,
    loaded: "LoadedLoop",
    planned: "Planned",
    *,
    done: LoopRun,
    file: str,
    parameters: Mapping[str, Any],
) -> bool:
    """Keep a finished run as the answer for the next time.

    False where something that it depends on cannot be watched. An application depends on files that only its loop file
    names (prompts, cases, documents), so it is always looked at anew.
    """
    if loaded.loop.application is not None or any(identity.unknown for identity in planned.identities.nodes.values()):
        return False
    steps = (*done.ran, *done.reused)
    judged = msgspec.structs.replace(done.judged, status="unchanged") if done.judged else None
    answer = msgspec.structs.replace(done, ran=(), reused=steps, landed=(), judged=judged)
    watch = Watch(
        sources={one.file: one.digest for one in planned.identities.files}
        | {str(loaded.path): digest_bytes(loaded.path.read_bytes())},
        globs=tuple(
            str(loaded.project / pattern) for dataset in loaded.datasets.values() for pattern in dataset.patterns
        ),
        variables=planned.plan.graph.variables,
        facts=_facts(workspace),
    )
    key = _key(loaded.project, file, parameters)
    return save_snapshot(workspace.home, key, watch=watch, answer=msgspec.to_builtins(answer), variables=variables())


def _key(project: Path, file: str, parameters: Mapping[str, Any]) -> str:
    return digest_bytes(canonical([str(project), file, dict(parameters)]))


def _facts(workspace: Workspace) -> dict[str, str]:
    """Where the refs point, and how much has been pushed or labelled since: what the home itself can change."""
    tables = workspace.home / "tables"
    folders = (
        [path for path in tables.iterdir() if path.name == "labels" or path.name.startswith("push.")]
        if tables.is_dir()
        else []
    )
    sizes = {
        str(file.relative_to(tables)): file.stat().st_size for folder in folders for file in folder.rglob("*.jsonl")
    }
    return {"refs": digest_value(workspace.stores.ledger.refs()), "intake": digest_value(sizes)}
