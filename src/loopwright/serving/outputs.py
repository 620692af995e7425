"""What a model's answer must look like, and what one record of it says."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec
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
    if rows:
        # A NaN is the minimum of whatever it is among; two reductions cost less than masks do for a lone record.
        low, high = float(scores.min()), float(scores.max())
        if not (low > -math.inf and high < math.inf):
            raise _wrong(f"{name} holds NaN or infinity")
        if signature.task != "regression" and (low < -_SLACK or high > 1 + _SLACK):
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


class Score(msgspec.Struct, frozen=True, gc=False):
    """One record's answer of a binary model (probability of the second class) or of a regression (the value).

    Only a declared default may have no score.
    """

    prediction: Any
    score: float | None

    @property
    def single(self) -> float | None:
        """The one number that sums it up."""
        return self.score

    def said(self) -> dict[str, Any]:
        """It as a JSON object."""
        return {"prediction": self.prediction, "score": self.score}


class Probabilities(msgspec.Struct, frozen=True, gc=False):
    """One record's answer of a multiclass model: probabilities in the order of the signature's classes."""

    prediction: Any
    probabilities: list[float]

    @property
    def single(self) -> float | None:
        """There is no one number."""
        return None

    def said(self) -> dict[str, Any]:
        """It as a JSON object."""
        return {"prediction": self.prediction, "probabilities": self.probabilities}


class Streamed(msgspec.Struct, frozen=True, gc=False):
    """What a stream said, as it is logged: its events up to 1,000, and its texts joined up to 65,536 characters.

    Attributes:
        events: The events as one JSON text, since they may be of any form.
        count: How many there were.
        text: The values of their field `text`, joined; None where no event had one.
        ended: `complete`, `left` (the reader went away) or the code of the error that ended it.
    """

    events: str
    count: int
    text: str | None
    ended: str

    @property
    def single(self) -> float | None:
        """There is no one number."""
        return None

    def said(self) -> dict[str, Any]:
        """It as a JSON object."""
        return {"events": self.events, "count": self.count, "text": self.text, "ended": self.ended}


Output = Score | Probabilities | Streamed


def outputs_of(signature: Signature, outputs: Mapping[str, np.ndarray]) -> list[Output]:
    """Checked outputs, record by record."""
    classes = signature.classes
    if signature.task == "multiclass":
        table = outputs["probabilities"].tolist()
        best = np.argmax(outputs["probabilities"], axis=1).tolist()
        return [Probabilities(classes[b], p) for b, p in zip(best, table, strict=True)]
    scores = outputs["score"].tolist()
    if signature.task == "binary":
        no, yes = classes
        return [Score(yes if score >= 0.5 else no, score) for score in scores]
    return [Score(score, score) for score in scores]
