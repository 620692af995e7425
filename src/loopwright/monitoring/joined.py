"""Requests and what became of them: the rows on which performance is measured."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopwright.stats.arrays import AnyArray, Floats, floats

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRequests:
    """Answered requests in order of event time, those with a label and those without.

    Attributes:
        event_time: (n,) microseconds UTC.
        score: (n,) or (n, k) as the model answered.
        labelled: (n,) whether the label is known.
        label: (n_labelled,) of those that are.
    """

    event_time: NDArray[np.int64]
    score: Floats
    labelled: NDArray[np.bool_]
    label: AnyArray

    def since(self, instant: int) -> "LabelledRequests":
        """Only rows from an event time on."""
        return self._where(self.event_time >= instant)

    def until(self, instant: int) -> "LabelledRequests":
        """Only rows before an event time."""
        return self._where(self.event_time < instant)

    def _where(self, kept: NDArray[np.bool_]) -> "LabelledRequests":
        return LabelledRequests(
            event_time=self.event_time[kept],
            score=self.score[kept],
            labelled=self.labelled[kept],
            label=self.label[kept[self.labelled]],
        )


def join_labels(requests: "pl.DataFrame", labels: "pl.DataFrame", scores: Floats) -> LabelledRequests:
    """Requests with the label that is known latest for their key or their request id.

    A label given for the very request wins over one given for its key.

    Args:
        requests: n rows with `request_id`, `key` (nullable) and `event_time` (microseconds UTC).
        labels: Rows with `key`, `request_id` (one of them null), `value` and `at`.
        scores: (n,) or (n, k), in the rows' order.
    """
    import polars as pl

    rows = requests.select("request_id", "key", "event_time").with_row_index("row")
    latest = labels.filter(pl.col("value").is_not_null()).sort("at", maintain_order=True)
    found = rows
    for name in ("request_id", "key"):
        last = latest.filter(pl.col(name).is_not_null()).group_by(name).agg(pl.col("value").last().alias(f"by_{name}"))
        found = found.with_columns(pl.col(name).cast(last.schema[name])) if last.height else found
        found = (
            found.join(last, on=name, how="left", maintain_order="left")
            if last.height
            else found.with_columns(pl.lit(None, dtype=labels.schema["value"]).alias(f"by_{name}"))
        )
    found = found.with_columns(value=pl.coalesce("by_request_id", "by_key")).sort("event_time", "row")
    labelled = found["value"].is_not_null().to_numpy()
    return LabelledRequests(
        event_time=found["event_time"].cast(pl.Int64).to_numpy(),
        score=floats(scores)[found["row"].to_numpy()],
        labelled=labelled,
        label=found["value"].drop_nulls().to_numpy(),
    )
