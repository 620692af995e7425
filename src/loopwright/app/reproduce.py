"""`loopwright reproduce`.

The same code, data, parameters and seeds, run again from nothing, and the result compared.
"""

import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from loopwright.app.champion_model import NONE, ChampionModels
from loopwright.app.loop_file import LoadedLoop, load_loop
from loopwright.app.run import graph_of
from loopwright.app.scoring import aligned_columns, answer_of
from loopwright.app.training_set import Pins, TrainingSets
from loopwright.app.versions import manifest_of, resolve_version
from loopwright.app.workspace import Workspace
from loopwright.core.environment import variables
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError, UsageError
from loopwright.formats.value import get_value
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.environment import environment_of
from loopwright.pipelines.execute import RunResult, Workbench, apply
from loopwright.pipelines.identify import Source, identify
from loopwright.pipelines.plan import plan
from loopwright.pipelines.progress import OnProgress, silent
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.runners.spawned import SpawnedRunner
from loopwright.registry.bundle import Manifest
from loopwright.serving.predictor import predictor
from loopwright.store.blobs import Blobs
from loopwright.store.open_stores import create_home, open_stores
from loopwright.store.trees import extract_tree

TOLERANCE = 1e-6
"""Largest difference of scores on the holdout at which two models that differ in bytes are called equivalent."""


class Reproduction(msgspec.Struct, frozen=True, kw_only=True):
    """What rebuilding a version showed.

    Attributes:
        version: The version's digest.
        verdict: `identical` (the same bytes), `equivalent` (scores on the holdout differ by at most `tolerance`),
            `different`.
        tolerance: On the scores.
        largest_difference: Of the scores on the holdout; 0 where the bytes are the same.
        rows: Rows of the holdout.
        model: Digest of the model as it was, and as it came out now.
        environment: Packages that differ from those of the version: name → (then, now).
    """

    version: Digest
    verdict: Literal["identical", "equivalent", "different"]
    tolerance: float
    largest_difference: float
    rows: int
    model: tuple[Digest, Digest]
    environment: dict[str, tuple[str | None, str | None]]


def reproduce(workspace: Workspace, loaded: LoadedLoop, name: str, *, on_progress: OnProgress = silent) -> Reproduction:
    """Rebuild a version from its own code and pinned data, in a scratch home that knows no earlier results.

    Args:
        workspace: The project's workspace; only the journal gets an event.
        loaded: The project's loop, whose dataset declarations are used.
        name: `NAME@ALIAS`, `NAME` or a digest.
        on_progress: Told of every step.

    Raises:
        NotFoundError: There is no such version, or its origin was not recorded.
        StepFailedError: Its code does not run any more.
    """
    version = resolve_version(workspace, name)
    origin = workspace.stores.ledger.record("origin", version)
    if origin is None:
        raise NotFoundError(
            f"the origin of version {version[:12]} is not recorded",
            fix="Reproduce a version that `loopwright run` made here.",
        )
    manifest = manifest_of(workspace, version)
    if manifest.kind != "model":
        raise UsageError(
            f"version {version[:12]} is an {manifest.kind}, which is declared and not trained",
            why="its digest names its prompt, route, guards and index whole; there is nothing to train anew",
            fix=f"See it with `loopwright card {name}`; ask it the cases again with `loopwright eval run --fresh`.",
        )
    with tempfile.TemporaryDirectory(prefix="loopwright-reproduce-") as scratch:
        found = _rebuild(
            workspace, loaded, manifest, origin=origin.data, scratch=Path(scratch), on_progress=on_progress
        )
    result = msgspec.structs.replace(found, version=version)
    data = {"version": version, "verdict": result.verdict, "largest_difference": result.largest_difference}
    draft = EventDraft(
        kind="version_reproduced",
        subject=f"model:{loaded.loop.name}",
        data=data,
        actor=workspace.actor,
        logical_at=workspace.clock.now(),
    )
    workspace.stores.ledger.commit(events=[draft])
    return result


def _rebuild(
    workspace: Workspace,
    loaded: LoadedLoop,
    manifest: Manifest,
    *,
    origin: dict[str, Any],
    scratch: Path,
    on_progress: OnProgress,
) -> Reproduction:
    code = scratch / "code"
    extract_tree(workspace.stores.blobs, manifest.parts["code"], code)
    then = load_loop(code / f"{origin['module'].replace('.', '/')}.py", code)
    home = scratch / "home"
    create_home(home, replay=False, ids=workspace.ids, clock=workspace.machine)
    with closing(open_stores(home, clock=workspace.machine, ids=workspace.ids)) as stores:
        pins = msgspec.convert(origin["pins"], Pins) if origin["pins"] else None
        sources: dict[str, Source] = {
            "training_set": TrainingSets(
                workspace=workspace, datasets=loaded.datasets, endpoint=loaded.loop.name, pinned=pins
            ),
            "champion_model": ChampionModels(
                workspace=workspace, endpoint=loaded.loop.name, pinned=origin.get("champion_model") or NONE
            ),
        }
        graph = graph_of(then, origin["parameters"])
        identities = identify(graph, sources=sources, variables=variables())
        planned = plan(graph, identities.nodes, LedgerCache(stores.ledger, stores.blobs))
        with closing(SpawnedRunner(blobs=home / "blobs", project=code, modules=(graph.module,))) as spawned:
            done = apply(
                planned,
                identities,
                Workbench(
                    blobs=stores.blobs,
                    ledger=stores.ledger,
                    clock=workspace.machine,
                    ids=workspace.ids,
                    sources=sources,
                    in_process=InProcessRunner(stores.blobs, clock=workspace.machine),
                    isolated=spawned,
                    variables=variables(),
                    on_progress=on_progress,
                ),
            )
        return _compared(workspace, manifest, done, blobs=stores.blobs)


def _compared(workspace: Workspace, manifest: Manifest, done: RunResult, *, blobs: Blobs) -> Reproduction:
    before, after = manifest.parts["model"], done.results["model"]
    holdout = get_value(blobs, done.results["holdout"])
    difference = 0.0
    if before != after:
        difference = _difference(
            get_value(workspace.stores.blobs, before), get_value(blobs, after), manifest, holdout=holdout
        )
    same: Literal["identical", "equivalent", "different"] = "equivalent" if difference <= TOLERANCE else "different"
    return Reproduction(
        version="",
        verdict="identical" if before == after else same,
        tolerance=TOLERANCE,
        largest_difference=difference,
        rows=len(holdout),
        model=(before, after),
        environment=_environment_changes(get_value(workspace.stores.blobs, manifest.parts["environment"])),
    )


def _difference(before: Any, after: Any, manifest: Manifest, *, holdout: Any) -> float:
    columns = aligned_columns(manifest.signature, holdout)
    if isinstance(columns, str):
        return float("inf")
    one, other = answer_of(predictor(before)(columns)), answer_of(predictor(after)(columns))
    return float(np.max(np.abs(one - other))) if one.shape == other.shape else float("inf")


def _environment_changes(then: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    before, now = (
        dict(then.get("distributions", {})),
        dict(msgspec.to_builtins(environment_of()).get("distributions", {})),
    )
    return {
        name: (before.get(name), now.get(name))
        for name in sorted(before.keys() | now.keys())
        if before.get(name) != now.get(name)
    }
