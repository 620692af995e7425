"""Both versions on the same labelled requests, those of the candidate and those of the champion alike.

Who answers a request is a lot that nobody's answer has a part in, so a request of either arm is as good as the other.
The champion is asked here where it has no code of its own; a candidate, which is on probation, always in a child.
"""

from typing import Any

import numpy as np
import polars as pl

from loopwright.app.observed import model_columns, scores_of
from loopwright.app.scoring import answer_of
from loopwright.app.scoring_child import ScoringChild
from loopwright.app.versions import manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.registry.bundle import Manifest
from loopwright.release.evidence import Paired, paired
from loopwright.release.plan import ReleasePlan
from loopwright.release.rules import QualityGuard
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Scores = np.ndarray[Any, Any]
CHAMPION = "champion"


class Versions:
    """Asks versions for what they would have answered. Used by one thread; close it when the release has ended."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._models: dict[Digest, Model] = {}
        self._children: dict[Digest, ScoringChild] = {}
        self._failed: set[Digest] = set()

    def signature(self, version: Digest) -> Signature:
        """The version's contract."""
        return manifest_of(self._workspace, version).signature

    def scores(self, version: Digest, rows: pl.DataFrame, *, on_probation: bool) -> Scores | None:
        """What a version answers to logged requests, (n,) or (n, k); None where it cannot be asked.

        A child that fails is not asked again.
        """
        manifest = manifest_of(self._workspace, version)
        if version in self._failed or not _logged(rows, manifest.signature):
            return None
        columns = model_columns(rows, manifest.signature)
        folder = bundle_folder(self._workspace.stores.blobs, version, self._workspace.home / "run")
        if not on_probation and ":" not in manifest.entry:
            model = self._models.get(version) or Model.load(folder)
            self._models = {version: model}
            return answer_of(model.scores(columns))
        child = self._children.setdefault(version, ScoringChild(folder))
        outputs, _ = child.outputs(columns)
        if outputs is None:
            self._failed.add(version)
            return None
        return answer_of(outputs)

    def same_inputs(self, asked: Digest, answered: Digest) -> bool:
        """Whether what is logged of requests that `answered` answered is what `asked` needs, made in the same way."""
        needed, there = (manifest_of(self._workspace, version) for version in (asked, answered))
        origins = _origins(self._workspace, there)
        wanted = _origins(self._workspace, needed)
        return all(origins.get(c.name) == wanted.get(c.name) is not None for c in needed.signature.features)

    def close(self) -> None:
        """End every child."""
        for child in self._children.values():
            child.close()
        self._children.clear()
        self._models.clear()
        self._failed.clear()


def paired_evidence(versions: Versions, plan: ReleasePlan, rows: pl.DataFrame) -> dict[str, Paired]:
    """Labelled requests as evidence, by the candidate's arm.

    Args:
        versions: Who can be asked.
        plan: The release.
        rows: Answered requests with `label`, of both arms.
    """
    found: dict[str, Paired] = {}
    if plan.task == "generation":  # labels of texts are for evaluations
        return found
    for arm, candidate in plan.candidates.items():
        if rows.height and versions.signature(candidate).classes == versions.signature(plan.champion).classes:
            found[arm] = _paired(versions, plan, rows, arm=arm)
    return found


def _paired(versions: Versions, plan: ReleasePlan, rows: pl.DataFrame, *, arm: str) -> Paired:
    candidate = plan.candidates[arm]
    own = rows.filter((pl.col("arm") == arm) & (pl.col("version") == candidate))
    theirs = rows.filter((pl.col("arm") == CHAMPION) & (pl.col("version") == plan.champion))
    signature = versions.signature(plan.champion)
    labels: list[Any] = []
    ours: list[Scores] = []
    champions: list[Scores] = []
    if own.height and versions.same_inputs(plan.champion, candidate):
        asked = versions.scores(plan.champion, own, on_probation=False)
        if asked is not None:
            labels.append(own["label"].to_numpy())
            ours.append(scores_of(own, signature))
            champions.append(asked)
    if theirs.height and versions.same_inputs(candidate, plan.champion):
        asked = versions.scores(candidate, theirs, on_probation=True)
        if asked is not None:
            labels.append(theirs["label"].to_numpy())
            ours.append(asked)
            champions.append(scores_of(theirs, signature))
    scale = next((guard.scale for guard in plan.guards if isinstance(guard, QualityGuard)), None)
    if not labels or (plan.task == "regression" and scale is None):
        return Paired()
    return paired(
        plan.task,
        np.concatenate(labels),
        np.concatenate(ours),
        champion=np.concatenate(champions),
        classes=signature.classes,
        scale=scale,
    )


def _origins(workspace: Workspace, manifest: Manifest) -> dict[str, str]:
    """Where each value that is logged of a request comes from: the request itself, or a view's definition."""
    views = views_of(workspace, manifest)
    asked = {column.name: "request" for column in manifest.signature.request}
    return asked | {name: str(view.digest()) for view in views for name in view.features}


def _logged(rows: pl.DataFrame, signature: Signature) -> bool:
    """Whether the logged rows hold every feature that the model needs."""
    there = {
        name
        for place in ("inputs", "features")
        if isinstance(rows.schema.get(place), pl.Struct)
        for name in rows[place].struct.fields
    }
    return all(column.name in there for column in signature.features)
