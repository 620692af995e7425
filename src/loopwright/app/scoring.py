"""What a packaged version answers on a holdout: the bundle itself is loaded and asked, as it will be when it serves."""

from typing import Any

import numpy as np

from loopwright.app.scoring_child import ScoringChild
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.formats.training_set import TrainingSet
from loopwright.gates.gate import Predict
from loopwright.registry.bundle import Manifest
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Scores = np.ndarray[Any, Any]


def scores_on(
    workspace: Workspace, version: Digest, manifest: Manifest, *, rows: TrainingSet
) -> tuple[Scores | None, str]:
    """The version's scores on the rows, (n_rows,) or (n_rows, n_classes), or None and why there are none.

    A model with code of its own is asked in a child process with a deadline, where its stream answers the example too;
    any other in this process.
    """
    columns = aligned_columns(manifest.signature, rows)
    if isinstance(columns, str):
        return None, columns
    folder = bundle_folder(workspace.stores.blobs, version, workspace.home / "run")
    if ":" in manifest.entry or "stream" in manifest.parts:
        with ScoringChild(folder) as child:
            outputs, why = child.outputs(columns)
        return (None, why) if outputs is None else (answer_of(outputs), "")
    return answer_of(Model.load(folder).scores(columns)), ""


def predict_of(workspace: Workspace, version: Digest, manifest: Manifest) -> Predict | None:
    """A function that asks the version for other rows, for checks of behaviour; None where it has code of its own."""
    if ":" in manifest.entry:
        return None
    model = Model.load(bundle_folder(workspace.stores.blobs, version, workspace.home / "run"))
    return lambda columns: answer_of(model.scores(columns))


def aligned_columns(signature: Signature, rows: TrainingSet) -> dict[str, np.ndarray] | str:
    """The rows as the model of `signature` sees them: its own category codes; text instead where it cannot be."""
    theirs = {column.name: column for column in rows.signature.features}
    columns: dict[str, np.ndarray] = {}
    for column in signature.features:
        if column.name not in theirs:
            return f"the rows have no feature {column.name!r}"
        columns[column.name] = _recoded(rows.features[column.name].to_numpy(), theirs[column.name], column)
    return columns


def answer_of(outputs: dict[str, np.ndarray]) -> Scores:
    """The scores in a model's outputs."""
    return outputs["probabilities"] if "probabilities" in outputs else outputs["score"]


def _recoded(codes: np.ndarray, theirs: Column, ours: Column) -> np.ndarray:
    if theirs.categories is None or ours.categories is None or theirs.categories == ours.categories:
        return codes
    place = {level: code for code, level in enumerate(ours.categories)}
    table = np.asarray([place.get(level, -1) for level in theirs.categories] + [-1], dtype=np.int32)
    return np.asarray(table[codes.astype(np.int64)])
