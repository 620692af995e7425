"""What a model's answer must look like, and how one row of it reads in JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from loopwright.core.schema import Signature
from loopwright.errors import ArmFailedError

_SLACK = 1e-6


def checked_outputs(signature: Signature, rows: int, outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The scores of `rows` records, if they are what the signature promises.

    Args:
        signature: The model's contract.
        rows: How many records were asked about (n).
        outputs: `score` (n,) for binary and regression, `probabilities` (n, k) for multiclass.

    Raises:
        ArmFailedError: Wrong shape, not numbers, not finite, or not probabilities (context `cause="shape"`).
    """
    name = "probabilities" if signature.task == "multiclass" else "score"
    wanted = (rows, len(signature.classes)) if name == "probabilities" else (rows,)
    found = outputs.get(name)
    if found is None or found.shape != wanted or found.dtype.kind not in "fiu":
        shape = "nothing" if found is None else f"{found.dtype} {found.shape}"
        raise _wrong(f"{name} is {shape}, expected numbers of shape {wanted}")
    scores = found.astype(np.float64, copy=False)
    if not np.isfinite(scores).all():
        raise _wrong(f"{name} holds NaN or infinity")
    if signature.task != "regression" and ((scores < -_SLACK) | (scores > 1 + _SLACK)).any():
        raise _wrong(f"{name} holds a value outside 0 to 1")
    return {name: scores}


def _wrong(why: str) -> ArmFailedError:
    return ArmFailedError("the model's answer has a wrong shape", why=why, cause="shape")


def with_label(signature: Signature, outputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`outputs` with `label` (n,): the class of score >= 0.5 (binary) or of the largest probability (multiclass)."""
    made = dict(outputs)
    if signature.task == "binary":
        made["label"] = np.array(signature.classes)[(outputs["score"] >= 0.5).astype(np.intp)]
    elif signature.task == "multiclass":
        made["label"] = np.array(signature.classes)[np.argmax(outputs["probabilities"], axis=1)]
    return made


def rows_of(signature: Signature, outputs: Mapping[str, np.ndarray]) -> list[dict[str, Any]]:
    """One JSON object a record: `prediction`, and `score` or `probabilities` (in the order of `classes`)."""
    classes = signature.classes
    if signature.task == "multiclass":
        table = outputs["probabilities"].tolist()
        best = np.argmax(outputs["probabilities"], axis=1).tolist()
        return [{"prediction": classes[b], "probabilities": p} for b, p in zip(best, table, strict=True)]
    scores = outputs["score"].tolist()
    if signature.task == "binary":
        return [{"prediction": classes[1] if score >= 0.5 else classes[0], "score": score} for score in scores]
    return [{"prediction": score, "score": score} for score in scores]
