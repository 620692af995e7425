"""Requests and what became of them: the rows on which performance is measured."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from loopwright.observations.labels import with_labels
from loopwright.stats.arrays import AnyArray, Floats, floats

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Groups:
    """Which value of a column each row has: `codes` (n,) are positions in `levels`, -1 for none."""

    levels: tuple[str, ...]
    codes: NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LabelledRequests:
    """Answered requests in order of event time, those with a label and those without.

    Attributes:
        event_time: (n,) microseconds UTC, ascending.
        score: (n,) or (n, k) as the model answered.
        labelled: (n,) whether the label is known.
        label: (n_labelled,) of those that are.
        groups: Columns that performance is split by.
    """

    event_time: NDArray[np.int64]
    score: Floats
    labelled: NDArray[np.bool_]
    label: AnyArray
    groups: Mapping[str, Groups] = field(default_factory=dict)

    def since(self, instant: int) -> "LabelledRequests":
        """Only rows from an event time on."""
        return self._part(int(np.searchsorted(self.event_time, instant)), self.event_time.size)

    def until(self, instant: int) -> "LabelledRequests":
        """Only rows before an event time."""
        return self._part(0, int(np.searchsorted(self.event_time, instant)))

    def where(self, kept: NDArray[np.bool_]) -> "LabelledRequests":
        """Only rows that are kept, (n,)."""
        return LabelledRequests(
            event_time=self.event_time[kept],
            score=self.score[kept],
            labelled=self.labelled[kept],
            label=self.label[kept[self.labelled]],
            groups={name: Groups(levels=g.levels, codes=g.codes[kept]) for name, g in self.groups.items()},
        )

    def _part(self, first: int, last: int) -> "LabelledRequests":
        """Rows of a span of positions, without a copy."""
        before = int(np.count_nonzero(self.labelled[:first]))
        among = int(np.count_nonzero(self.labelled[first:last]))
        return LabelledRequests(
            event_time=self.event_time[first:last],
            score=self.score[first:last],
            labelled=self.labelled[first:last],
            label=self.label[before : before + among],
            groups={name: Groups(levels=g.levels, codes=g.codes[first:last]) for name, g in self.groups.items()},
        )


def join_labels(requests: "pl.DataFrame", labels: "pl.DataFrame", scores: Floats) -> LabelledRequests:
    """Requests in order of event time with the label that counts for each; see `observations.labels.with_labels`.

    Args:
        requests: n rows with `request_id`, `key` (nullable) and `event_time` (microseconds UTC).
        labels: As `observations.labels.latest_labels` gives them; those without a value are none.
        scores: (n,) or (n, k), in the rows' order.
    """
    import polars as pl

    rows = requests.select("request_id", "key", "event_time").with_row_index("row")
    told = with_labels(rows, labels.filter(pl.col("value").is_not_null()))
    none = pl.DataFrame(schema={"row": pl.UInt32, "label": labels.schema["value"]})
    values = told.select("row", "label") if told.height else none
    found = rows.join(values, on="row", how="left", maintain_order="left").sort("event_time", "row")
    labelled = found["label"].is_not_null().to_numpy()
    return LabelledRequests(
        event_time=found["event_time"].cast(pl.Int64).to_numpy(),
        score=floats(scores)[found["row"].to_numpy()],
        labelled=labelled,
        label=found["label"].drop_nulls().to_numpy(),
    )
