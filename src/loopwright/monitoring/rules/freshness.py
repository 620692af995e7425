"""Rules on how old the data is."""

from typing import Unpack

from loopwright.core.clock import SECOND, Micros
from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import (
    HOUR,
    MINUTE,
    MeasuredRule,
    Options,
    Watched,
    checked,
    dataset_name,
    duration,
    span_text,
)


class FreshnessRule(MeasuredRule, frozen=True, kw_only=True, tag="freshness"):
    """Watch the age of the newest event of a dataset.

    Attributes:
        of: The dataset.
        within: The age that it may have, in microseconds.
    """

    of: str
    within: Micros

    @property
    def name(self) -> str:
        """Stable within a loop."""
        return f"freshness({self.of}, {span_text(self.within)})"

    @property
    def dataset(self) -> str | None:
        """The dataset."""
        return self.of

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The age in seconds."""
        return (Watched(at_most=self.within / SECOND, unit="s"),)


def freshness(dataset: Dataset | str, within: str | None = None, **options: Unpack[Options]) -> FreshnessRule:
    """Watch how old a dataset's newest event is: `lw.watch.freshness(flights, within="2d")`; see `FreshnessRule`.

    Without `within`, the dataset's own `fresh_within` counts.

    Raises:
        UsageError: Neither says how old it may be, or an option cannot hold.
    """
    limit = None if within is None else duration(within, "within")
    if limit is None and isinstance(dataset, Dataset):
        limit = dataset.fresh_within_us()
    if limit is None:
        raise UsageError(
            f"freshness({dataset_name(dataset)!r}) does not say how old the newest event may be",
            fix='Give within="2d", or pass a Dataset that has fresh_within.',
        )
    every = "1h" if limit >= 4 * HOUR else f"{max(limit // (4 * MINUTE), 1)}m"
    return FreshnessRule(of=dataset_name(dataset), within=limit, **checked(options, every=every, periods=1))
