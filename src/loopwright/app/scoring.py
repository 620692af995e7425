"""What a packaged version answers on a holdout: the bundle itself is loaded and asked, as it will be when it serves."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from loopwright.app.workspace import Workspace
from loopwright.core.environment import child_environment
from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.formats.training_set import TrainingSet
from loopwright.gates.gate import Predict
from loopwright.registry.bundle import Manifest
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

TIMEOUT_S = 60.0
Scores = np.ndarray[Any, Any]


def scores_on(
    workspace: Workspace, version: Digest, manifest: Manifest, *, rows: TrainingSet
) -> tuple[Scores | None, str]:
    """The version's scores on the rows, (n_rows,) or (n_rows, n_classes), or None and why there are none.

    A model with prediction code of its own is asked in a child process with a deadline; any other in this process.
    """
    columns = aligned_columns(manifest.signature, rows)
    if isinstance(columns, str):
        return None, columns
    folder = bundle_folder(workspace.stores.blobs, version, workspace.home / "run")
    if ":" in manifest.entry:
        return _in_child(folder, columns)
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


def _in_child(folder: Path, columns: dict[str, np.ndarray]) -> tuple[Scores | None, str]:
    with tempfile.TemporaryDirectory() as scratch:
        given, answers = Path(scratch) / "columns.npz", Path(scratch) / "answers.npz"
        np.savez(given, **columns)  # type: ignore[arg-type]
        command = [sys.executable, "-m", "loopwright.app.score_child", str(folder), str(given), str(answers)]
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module
                command, env=child_environment(), capture_output=True, text=True, timeout=TIMEOUT_S, check=False
            )
        except subprocess.TimeoutExpired:
            return None, f"its own prediction code gave no answer within {TIMEOUT_S:g} s"
        if done.returncode:
            last = done.stderr.strip().splitlines()
            return None, f"its own prediction code failed: {last[-1] if last else f'exit code {done.returncode}'}"
        with np.load(answers, allow_pickle=False) as stored:
            return answer_of({name: stored[name] for name in stored.files}), ""
