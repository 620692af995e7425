"""Rules on distributions: what is compared with the model's reference, and how sure an alarm must be."""

import re
from collections.abc import Sequence
from typing import Literal, TypedDict, Unpack, get_args

from loopwright.core.clock import SECOND, Micros, parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule, check_severity

ReferenceKind = Literal["frozen", "rolling", "seasonal"]
ReportMeasure = Literal["ks", "psi", "jensen_shannon", "wasserstein"]
REFERENCES: tuple[ReferenceKind, ...] = ("frozen", "rolling", "seasonal")
HOUR: Micros = 3_600 * SECOND
AUTO = "auto"
RANKED_FROZEN = "incidents rank windows among the model's own reference: a rolling one is the report's alone"
_ROWS = re.compile(r"([1-9][0-9]{0,8}) rows?")
_LOOK_AT_ROWS: Micros = 60 * SECOND
_LEAST_DISTANCE = 0.1
_LEAST_SHIFT = 0.05


class DriftRule(MonitorRule, frozen=True, kw_only=True, tag="drift"):
    """Watch the distributions of features, prediction and label against the model's reference.

    Attributes:
        columns: Feature names; all features, the prediction and the label when None.
        window: What counts as one observation: a span of event time (`1d`, `1h`), a number of rows (`500 rows`), or
            `auto`: rows where the reference shows them to be independent, else days.
        reference: What windows are compared with: the bundle's reference as it is (`frozen`), the periods just before
            (`rolling`), or the reference at the same hour and weekday (`seasonal`). Windows of rows know only `frozen`.
            A rolling reference is the report's alone: incidents rank windows among the bundle's reference, since one
            that follows the stream would follow a slow change too.
        mean_time_between_false_alarms: Windows in the mean until an incident opens though nothing has changed, over
            all columns together.
        least_effect: What opens no incident however sure it is that something moved; see `floor`.
        report_measure: The effect that the report goes by (`ks`, `psi`, `jensen_shannon`, `wasserstein` in standard
            deviations); each test's own effect when None.
        report_effect: The least effect by that measure; its usual floor when None.
        report_alpha: Chance that the report calls any unmoved column moved (Holm), for independent rows.
    """

    columns: tuple[str, ...] | None = None
    window: str = "1d"
    reference: ReferenceKind = "frozen"
    mean_time_between_false_alarms: int = 1_000
    least_effect: float | None = None
    report_measure: ReportMeasure | None = None
    report_effect: float | None = None
    report_alpha: float = 0.01

    @property
    def name(self) -> str:
        """Stable within a loop; says what differs from `drift()`, so that two of them can be watched side by side."""
        parts = [*(self.columns or ())]
        if self.window != "1d":
            parts.append(f"window={self.window}")
        if self.reference != "frozen":
            parts.append(f"reference={self.reference}")
        return f"drift({', '.join(parts)})" if parts else "drift"

    @property
    def rows(self) -> int | None:
        """Rows of a window; None where windows are spans of time or not settled yet."""
        found = _ROWS.fullmatch(self.window)
        return int(found[1]) if found else None

    @property
    def block_us(self) -> Micros | None:
        """Length of a window in event time; None where windows are rows or not settled yet."""
        return None if self.window == AUTO or self.rows is not None else parse_duration(self.window)

    @property
    def ranked_against(self) -> str:
        """What the incident rule ranks windows among, where that is not `reference`; else empty."""
        return RANKED_FROZEN if self.reference == "rolling" else ""

    @property
    def floor(self) -> float:
        """The least effect that opens an incident, as declared or by default.

        Over spans of time: the total variation distance of the recent distribution, 0.1; half of it for prediction and
        label. Over rows: a shift of 0.05 standard deviations of the rank, a level's share, the missing share or a
        pair's concordance.
        """
        if self.least_effect is not None:
            return self.least_effect
        return _LEAST_DISTANCE if self.rows is None else _LEAST_SHIFT

    @property
    def period_us(self) -> Micros:
        """The window's own length; windows of rows are looked for each minute."""
        if self.rows is not None:
            return _LOOK_AT_ROWS
        return self.block_us or HOUR


class DriftOptions(TypedDict, total=False):
    """What `drift()` also takes by name; see `DriftRule`."""

    report_measure: ReportMeasure
    report_effect: float
    severity: str
    owner: str


def drift(
    columns: Sequence[str] | None = None,
    *,
    window: str = "1d",
    reference: str = "frozen",
    mean_time_between_false_alarms: int = 1_000,
    least_effect: float | None = None,
    **options: Unpack[DriftOptions],
) -> DriftRule:
    """Watch distributions; see `DriftRule`, and `loopwright monitor preview` for what a choice costs and catches.

    Raises:
        UsageError: No column is named; the window is neither whole hours, nor rows, nor `auto`; there is no such kind
            of reference or measure; the mean time is under two windows; or an effect is out of its range.
    """
    if isinstance(columns, str):
        columns = (columns,)
    if columns is not None and not columns:
        raise UsageError("drift() was given an empty list of columns", fix="Name columns, or leave the argument out.")
    if mean_time_between_false_alarms < 2:
        raise UsageError(
            f"mean_time_between_false_alarms={mean_time_between_false_alarms} would alarm every window",
            fix="Give the number of windows (days) that may pass between two false alarms, such as 1000.",
        )
    if least_effect is not None and not 0 <= least_effect < 1:
        raise UsageError(
            f"least_effect={least_effect} is no effect in [0, 1)",
            fix="Over days give a share of rows that must have moved, such as 0.1; over rows a shift in standard "
            "deviations, such as 0.05; 0 lets every proven change open an incident.",
        )
    _check_window(window)
    return DriftRule(
        columns=None if columns is None else tuple(columns),
        window=window,
        reference=_check_reference(reference, window),
        least_effect=least_effect,
        report_measure=_check_measure(options.get("report_measure"), options.get("report_effect")),
        report_effect=options.get("report_effect"),
        mean_time_between_false_alarms=mean_time_between_false_alarms,
        severity=check_severity(options.get("severity", "warning")),
        owner=options.get("owner"),
    )


def _check_window(window: str) -> None:
    if window == AUTO or _ROWS.fullmatch(window):
        return
    try:
        length = parse_duration(window)
    except (TypeError, ValueError):
        length = 0
    if length <= 0 or length % HOUR:
        raise UsageError(
            f"window={window!r} is no window of drift()",
            fix="Write whole hours or days such as 1h or 1d, a number of rows such as '500 rows', or auto.",
        )


def _check_reference(reference: str, window: str) -> ReferenceKind:
    if reference != "frozen" and _ROWS.fullmatch(window):
        raise UsageError(
            f"reference={reference!r} needs windows of time, and window={window!r} counts rows",
            fix="Write window='1h' or '1d', or leave the reference frozen.",
        )
    for known in REFERENCES:
        if known == reference:
            return known
    raise UsageError(f"{reference!r} is no kind of reference", fix=f"Write one of {', '.join(REFERENCES)}.")


def _check_measure(measure: ReportMeasure | None, floor: float | None) -> ReportMeasure | None:
    if measure is not None and measure not in get_args(ReportMeasure):
        raise UsageError(
            f"report_measure={measure!r} is no measure", fix=f"Write one of {', '.join(get_args(ReportMeasure))}."
        )
    if floor is not None and (measure is None or floor < 0):
        raise UsageError(
            f"report_effect={floor} has no measure" if measure is None else f"report_effect={floor} is negative",
            why="each test has an effect on a scale of its own",
            fix="Write a measure and its least effect, such as report_measure='psi', report_effect=0.2.",
        )
    return measure
