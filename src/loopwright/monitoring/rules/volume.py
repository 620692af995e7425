"""Rules on how much comes in."""

from typing import Unpack

from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError
from loopwright.monitoring.rules.measured import (
    MeasuredRule,
    Options,
    Watched,
    between,
    check_number,
    checked,
    dataset_name,
)


class VolumeRule(MeasuredRule, frozen=True, kw_only=True, tag="volume"):
    """Watch how many requests, or how many landed rows of a dataset, come in each period.

    Attributes:
        of: The dataset; None for requests.
        at_least, at_most: Bounds; where there are none, what is usual counts.
    """

    of: str | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def name(self) -> str:
        """Stable within a loop."""
        said = ", ".join(part for part in (self.of or "", between(self.at_most, self.at_least)) if part)
        return f"volume({said})" if said else "volume"

    @property
    def dataset(self) -> str | None:
        """The dataset whose rows are counted."""
        return self.of

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The count."""
        unit = "requests" if self.of is None else "rows"
        return (Watched(at_least=self.at_least, at_most=self.at_most, unit=unit),)


def volume(
    dataset: Dataset | str | None = None,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    **options: Unpack[Options],
) -> VolumeRule:
    """Watch requests an hour, `volume()`, or rows that landed in a day, `volume(flights)`; see `VolumeRule`.

    Raises:
        UsageError: A bound is negative or no number, they leave nothing between them, or an option cannot hold.
    """
    for bound in (at_least, at_most):
        if bound is not None and not bound >= 0:
            raise UsageError(f"{bound} is no number of requests or rows", fix="Give 0 or more.")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise UsageError(f"at_least={at_least} is over at_most={at_most}", fix="Exchange them.")
    bounded = at_least is not None or at_most is not None
    return VolumeRule(
        of=None if dataset is None else dataset_name(dataset),
        at_least=check_number(at_least, "at_least"),
        at_most=check_number(at_most, "at_most"),
        **checked(options, every="1h" if dataset is None else "1d", periods=1 if bounded else 3),
    )
