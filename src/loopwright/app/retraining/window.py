"""Which rows a loop learns from: all of them, the newest, the newest most, or those since the stream changed.

A policy is resolved to a `PinnedWindow`, which is kept among the pins of a training set. A pinned window and the data
versions beside it say exactly which rows, and with what weights; `reproduce` reads them from there.
"""

import msgspec

from loopwright.app.retraining.triggers import duration
from loopwright.core.clock import Micros
from loopwright.errors import UsageError


class Sliding(msgspec.Struct, frozen=True, kw_only=True, tag="sliding"):
    """Rows whose event time lies within `width` microseconds of the newest row's."""

    width: Micros


class Growing(msgspec.Struct, frozen=True, kw_only=True, tag="growing"):
    """All rows."""


class Decayed(msgspec.Struct, frozen=True, kw_only=True, tag="decayed"):
    """All rows, with weights: a row `half_life` microseconds older than the newest counts half as much."""

    half_life: Micros


class SinceChangePoint(msgspec.Struct, frozen=True, kw_only=True, tag="since_change_point"):
    """Rows since the stream changed; at least the newest `least_rows`, however lately it did. All before any change."""

    least_rows: int


DataWindow = Sliding | Growing | Decayed | SinceChangePoint


class PinnedWindow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A window as a training set's pins keep it; resolved against the rows themselves, by which it is exact.

    Attributes:
        policy: The policy's name.
        width: Of a sliding window, in microseconds.
        half_life: Of a decayed one, in microseconds.
        since: The change point, in microseconds UTC.
        least_rows: How many of the newest rows stay in, whatever `since` says.
    """

    policy: str
    width: Micros | None = None
    half_life: Micros | None = None
    since: Micros | None = None
    least_rows: int | None = None


def sliding(width: str) -> Sliding:
    """Learn from the newest rows, as `lw.sliding("90d")`.

    Raises:
        UsageError: It is no duration, or none at all.
    """
    return Sliding(width=_positive(width, "width"))


def growing() -> Growing:
    """Learn from everything: what a loop does that says nothing."""
    return Growing()


def decayed(*, half_life: str) -> Decayed:
    """Learn from everything, from old rows less: the training step finds the weights in `rows.weight`.

    Raises:
        UsageError: It is no duration, or none at all.
    """
    return Decayed(half_life=_positive(half_life, "half_life"))


def since_change_point(*, least_rows: int = 1_000) -> SinceChangePoint:
    """Learn from rows since the stream changed, as far as an incident told when that was.

    Args:
        least_rows: As many of the newest rows stay in, though some be older than the change.

    Raises:
        UsageError: It is less than one.
    """
    if least_rows < 1:
        raise UsageError(f"since_change_point(least_rows={least_rows}) would leave no rows")
    return SinceChangePoint(least_rows=least_rows)


def pinned(window: DataWindow, *, changed_at: Micros | None) -> PinnedWindow | None:
    """The window as pins keep it; None where it leaves everything in. Pure.

    Args:
        window: The policy.
        changed_at: When the stream changed last, as far as is known.
    """
    if isinstance(window, Sliding):
        return PinnedWindow(policy="sliding", width=window.width)
    if isinstance(window, Decayed):
        return PinnedWindow(policy="decayed", half_life=window.half_life)
    if isinstance(window, SinceChangePoint) and changed_at is not None:
        return PinnedWindow(policy="since_change_point", since=changed_at, least_rows=window.least_rows)
    return None


def _positive(text: str, name: str) -> Micros:
    found = duration(text, name)
    if found <= 0:
        raise UsageError(f"{name}={text!r} is no time at all")
    return found
