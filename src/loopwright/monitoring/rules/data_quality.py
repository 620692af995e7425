"""Rules on rows that break their contract."""

from typing import Unpack

from loopwright.data.dataset import Dataset
from loopwright.monitoring.rules.measured import (
    MeasuredRule,
    Options,
    Watched,
    between,
    check_share,
    checked,
    dataset_name,
)


class DataQualityRule(MeasuredRule, frozen=True, kw_only=True, tag="data_quality"):
    """Watch the share of requests that break the model's contract, or whether a dataset's landings are refused.

    Attributes:
        of: The dataset; None for requests.
        at_most: The share of requests; where None, what is usual counts. A landing is taken or refused as a whole.
        min_count: Requests under which nothing is said.
    """

    of: str | None = None
    at_most: float | None = 0.01
    min_count: int = 20

    @property
    def name(self) -> str:
        """Stable within a loop."""
        said = self.of or between(self.at_most, None)
        return f"data_quality({said})" if said else "data_quality"

    @property
    def dataset(self) -> str | None:
        """The dataset whose landings are watched."""
        return self.of

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The share of requests; for a dataset, 1 while its newest landing is a refused one."""
        if self.of is not None:
            return (Watched(at_most=0.5, unit="refused"),)
        return (Watched(form="share", at_most=self.at_most, scale="share", min_count=self.min_count),)


def data_quality(
    dataset: Dataset | str | None = None,
    *,
    at_most: float | None = 0.01,
    min_count: int = 20,
    **options: Unpack[Options],
) -> DataQualityRule:
    """Watch requests, `data_quality(at_most=0.01)`, or landings, `data_quality(flights)`; see `DataQualityRule`.

    Raises:
        UsageError: The share is not inside (0, 1), or an option cannot hold.
    """
    if dataset is not None:
        return DataQualityRule(of=dataset_name(dataset), **checked(options, every="1m", periods=1))
    every = "1h" if at_most is None else "1m"
    share = check_share(at_most, "at_most")
    return DataQualityRule(at_most=share, min_count=min_count, **checked(options, every=every))
