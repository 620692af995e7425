"""A figure of one period: how many requests came in a minute, what share of them failed, how old a dataset is."""

import msgspec

from loopwright.core.clock import Micros


class PeriodFigure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one period.

    Attributes:
        at: When the period began; it ends one period of the rule later.
        value: The figure; None where there is none, and then `reason` says why.
        n: What it rests on, as requests or rows.
        total: Of a share: how much of `n` counts. Values in [0, 1] may be added up as well as whole cases.
        low, high: Of a mean: the interval that holds the truth, where one is known.
        reason: Why there is no figure.
        parts: What it is made of, by name, as the share of each broken check.
        named: Columns that are held responsible.
    """

    at: Micros
    value: float | None = None
    n: int = 0
    total: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    parts: dict[str, float] = {}
    named: tuple[str, ...] = ()


def share_figure(
    at: Micros,
    total: float,
    n: int,
    *,
    why_none: str,
    parts: dict[str, float] | None = None,
    named: tuple[str, ...] = (),
) -> PeriodFigure:
    """The share `total / n`; no figure where n is 0."""
    if n <= 0:
        return PeriodFigure(at=at, reason=why_none)
    return PeriodFigure(at=at, value=total / n, n=n, total=float(total), parts=parts or {}, named=named)
