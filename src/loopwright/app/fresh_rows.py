"""Labelled requests as the evidence of a gate, and as rows that any version can be asked about."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from loopwright.app.observed import model_columns, scores_of
from loopwright.core.schema import Signature
from loopwright.formats.training_set import TrainingSet
from loopwright.gates.gate import Evidence
from loopwright.monitoring.rules.rule import DAY
from loopwright.observations.labels import with_labels
from loopwright.stats.arrays import AnyArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FreshRows:
    """n labelled requests.

    Attributes:
        scores: (n,) or (n, k) as the champion answered them.
        evidence: What a gate looks at.
        rows: What a version is asked; its label is not theirs.
    """

    scores: AnyArray
    evidence: Evidence
    rows: TrainingSet

    def __len__(self) -> int:
        return len(self.scores)


def fresh_rows(requests: pl.DataFrame, labels: pl.DataFrame, signature: Signature) -> FreshRows | None:
    """The requests that have a label and a score; None where there are none.

    Args:
        requests: Answered requests, as `app.observed.answered` gives them.
        labels: As `observations.labels.latest_labels` gives them.
        signature: The contract of the version that answered.
    """
    told = with_labels(requests, labels.filter(pl.col("value").is_not_null()))
    if not told.height:
        return None
    scores = scores_of(told, signature)
    known = np.isfinite(scores).reshape(len(scores), -1).all(axis=1)
    told, scores = told.filter(pl.Series(known)), scores[known]
    if not told.height:
        return None
    columns = model_columns(told, signature)
    evidence = Evidence(
        task=signature.task,
        classes=signature.classes,
        label=told["label"].to_numpy(),
        slices=_slices(told),
        blocks=told["event_time"].cast(pl.Int64).to_numpy() // DAY,
        features=columns,
    )
    rows = TrainingSet(
        features=pl.DataFrame({column.name: columns[column.name] for column in signature.features}),
        label=np.zeros(told.height),
        about=pl.DataFrame(),
        signature=signature,
    )
    return FreshRows(scores=scores, evidence=evidence, rows=rows)


def _slices(rows: pl.DataFrame) -> dict[str, AnyArray]:
    """(n,) raw values of what callers sent, by column."""
    if not isinstance(rows.schema.get("inputs"), pl.Struct):
        return {}
    sent = rows["inputs"].struct.unnest()
    return {
        name: sent[name].to_numpy()
        for name, dtype in sent.schema.items()
        if not (dtype.is_temporal() or dtype.is_nested())
    }
