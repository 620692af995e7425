"""Explanations: what each feature contributed to one answer, so that base and contributions add up to it.

Trees are explained by their own library (tree SHAP), linear models exactly. On which scale the sums are is found by
adding them up and comparing with the model's answer; where they agree with it on no scale, there is no explanation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

import numpy as np

from loopwright.core.schema import Signature
from loopwright.errors import NotExplainableError
from loopwright.monitoring.bins import Bins
from loopwright.monitoring.reference import Reference

Scale = Literal["value", "probability", "log_odds", "log", "margin"]
"""What base and contributions add up to: the value or the probability itself; the log odds of the second class; the
logarithm of the value; or, for several classes, what softmax turns into their probabilities."""

_SCALES: tuple[Scale, ...] = get_args(Scale)
_RELATIVE, _ABSOLUTE = 1e-3, 1e-4  # libraries add up 32-bit numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why n rows were answered as they were.

    Attributes:
        scale: What base and contributions add up to.
        base_value: The answer to a typical row on that scale: (c,), where c is 1 or the number of classes.
        contributions: Feature → what it adds, (n, c).
    """

    scale: Scale
    base_value: np.ndarray
    contributions: dict[str, np.ndarray]

    def rows(self) -> list[dict[str, Any]]:
        """One JSON object a row: `scale`, `base_value`, `contributions`; of several classes, lists in their order."""
        names = list(self.contributions)
        table = np.stack([self.contributions[name] for name in names], axis=1) if names else np.empty((0, 0, 1))
        single = len(self.base_value) == 1
        base = self.base_value[0].item() if single else self.base_value.tolist()
        told = (table[:, :, 0] if single else table).tolist()
        return [{"scale": self.scale, "base_value": base, "contributions": dict(zip(names, row, strict=True))}
                for row in told]  # fmt: skip

    def packed(self) -> dict[str, np.ndarray]:
        """As arrays: `scale` (1,), `base_value` (c,), `contributions` (n, c, k)."""
        table = np.stack(list(self.contributions.values()), axis=2)
        return {
            "scale": np.array([_SCALES.index(self.scale)]), "base_value": self.base_value, "contributions": table
        }  # fmt: skip

    @classmethod
    def unpacked(cls, arrays: Mapping[str, np.ndarray], signature: Signature, rows: int) -> "Explanation":
        """From `packed`, as another process sent it.

        Raises:
            ValueError: It is no explanation of so many rows.
        """
        names = [column.name for column in signature.features]
        scale, base, table = arrays["scale"], arrays["base_value"], arrays["contributions"]
        if table.shape != (rows, len(base), len(names)) or not 0 <= int(scale[0]) < len(_SCALES):
            raise ValueError(f"contributions of shape {table.shape} for {rows} rows of {len(names)} features")
        contributions = {name: table[:, :, place] for place, name in enumerate(names)}
        return cls(scale=_SCALES[int(scale[0])], base_value=base, contributions=contributions)


def explained(terms: np.ndarray, answer: np.ndarray, signature: Signature) -> Explanation:
    """The explanation of n rows.

    Args:
        terms: (n, c, k + 1) contributions and bases on the model's margin.
        answer: (n,) scores or (n, c) probabilities that the model gave for the same rows.
        signature: Names the k features.

    Raises:
        NotExplainableError: The terms do not add up to the answer.
    """
    totals = terms.sum(axis=2)
    scale = _scale_of(totals, answer.reshape(totals.shape) if answer.size == totals.size else answer, signature)
    if scale is None:
        raise NotExplainableError(
            "the answer of this version cannot be explained",
            why="what its features contribute does not add up to its answer on a scale that is known",
        )
    names = [column.name for column in signature.features]
    return Explanation(
        scale=scale,
        base_value=terms[0, :, -1] if len(terms) else np.zeros(terms.shape[1]),
        contributions={name: terms[:, :, place] for place, name in enumerate(names)},
    )


def _scale_of(totals: np.ndarray, answer: np.ndarray, signature: Signature) -> Scale | None:
    if answer.shape != totals.shape:
        return None
    with np.errstate(over="ignore"):
        powers = np.exp(totals)
        tried: dict[str, np.ndarray] = {
            "value" if signature.task == "regression" else "probability": totals,
            "log_odds": 1 / (1 + np.exp(-totals)),
            "log": powers,
        }
        if totals.shape[1] > 1:
            shifted = np.exp(totals - totals.max(axis=1, keepdims=True))
            tried["margin"] = shifted / shifted.sum(axis=1, keepdims=True)
    for scale, values in tried.items():
        if np.allclose(values, answer, rtol=_RELATIVE, atol=_ABSOLUTE):
            return cast("Scale", scale)
    return None


def typical_row(reference: Reference | None, signature: Signature) -> np.ndarray:
    """(k,) the row that a linear model's rows are compared with: each column's median in training, 0 where unknown.

    The median is that of the reference's bins; of a category it is the commonest code.
    """
    made = np.zeros(len(signature.features))
    for place, column in enumerate(signature.features):
        known = reference.column(column.name) if reference is not None else None
        if known is not None:
            made[place] = _middle(known.bins, np.asarray(known.counts, dtype=np.float64)[:-1])
    return made


def _middle(bins: Bins, counts: np.ndarray) -> float:
    """The commonest code, or the middle of the bin that holds the median; `counts` without that of missing values."""
    if counts.sum() == 0:
        return 0.0
    if bins.bin_of_code is not None:
        return float(bins.bin_of_code.index(int(np.argmax(counts))))
    place = int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))
    low, high = bins.edges[max(place - 1, 0)], bins.edges[min(place, len(bins.edges) - 1)]
    return (low + high) / 2
