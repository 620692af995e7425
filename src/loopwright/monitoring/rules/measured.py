"""What rules on operations and incoming data have in common: a figure a period, and a bound or what is usual."""

from typing import Any, Literal, TypedDict

import msgspec

from loopwright.core.clock import SECOND, Micros, parse_duration
from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError
from loopwright.monitoring.rules.rule import MonitorRule, Severity, check_severity

MINUTE: Micros = 60 * SECOND
HOUR: Micros = 60 * MINUTE
YEAR: Micros = 365 * 24 * HOUR
LEAST_PERIODS = 1_000

Season = Literal["weekday", "hour", "none"]
Scale = Literal["log", "share", "plain"]
Form = Literal["share", "level"]


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a rule, and what it is held against. Without a bound it is held against what is usual.

    Attributes:
        part: Its name among the rule's figures; empty where the rule has one only.
        form: `share` where it is a count of cases among others, so that its bound is judged by the counts.
        at_most, at_least: The bounds.
        scale: On which what is usual is compared.
        min_count: What it must rest on.
        unit: In words.
    """

    part: str = ""
    form: Form = "level"
    at_most: float | None = None
    at_least: float | None = None
    scale: Scale = "log"
    min_count: int = 0
    unit: str = ""

    @property
    def bounded(self) -> bool:
        """Whether a bound was stated."""
        return self.at_most is not None or self.at_least is not None


class MeasuredRule(MonitorRule, frozen=True, kw_only=True):
    """A rule on figures of periods.

    Attributes:
        every: Length of a period, in microseconds.
        periods: The fewest periods that an alarm by a bound takes, and that well ones must follow it.
        season: What a figure without a bound is compared with: the same hour of the same `weekday`, the same `hour`
            of other days, or `none`.
        least_change: Share of the usual figure by which one without a bound must differ.
        mean_time_between_false_alarms: In periods; a year of them, and 1,000 at least, where None.
    """

    every: Micros = MINUTE
    periods: int = 3
    season: Season = "weekday"
    least_change: float = 0.2
    mean_time_between_false_alarms: int | None = None

    @property
    def period_us(self) -> Micros:
        """See `MonitorRule.period_us`."""
        return self.every

    @property
    def promised_periods(self) -> int:
        """The mean time between false alarms, in periods."""
        return self.mean_time_between_false_alarms or max(YEAR // self.every, LEAST_PERIODS)

    @property
    def watched(self) -> tuple[Watched, ...]:
        """The figures, each by a name of its own."""
        return ()

    @property
    def dataset(self) -> str | None:
        """The dataset that it is about; None where it is about the endpoint."""
        return None

    def cause(self, endpoint: str) -> str:
        """What an incident of this rule is about. Never the model: no retrain mends these."""
        return f"endpoint:{endpoint}" if self.dataset is None else f"dataset:{self.dataset}"


def duration(text: str, of: str) -> Micros:
    """Microseconds of a duration that a loop file states.

    Raises:
        UsageError: It is none, or no time at all.
    """
    try:
        found = parse_duration(text)
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"{of}={text!r} is not a duration", why=str(error), fix="Write 50ms, 90s, 1h or 2d."
        ) from error
    if found <= 0:
        raise UsageError(f"{of}={text!r} is no time at all", fix="Write 50ms, 90s, 1h or 2d.")
    return found


def check_share(value: float | None, of: str) -> float | None:
    """A bound on a share, as it may be declared: inside (0, 1).

    Raises:
        UsageError: It is not.
    """
    if value is not None and not 0 < value < 1:
        raise UsageError(f"{of}={value} is no bound on a share", fix="Give a share between 0 and 1, such as 0.01.")
    return value


def check_number(value: float | None, of: str) -> float | None:
    """A bound on a figure: a finite number.

    Raises:
        UsageError: It is not.
    """
    if value is not None and not -1e300 < value < 1e300:
        raise UsageError(f"{of}={value} is no bound", fix="Give a number.")
    return None if value is None else float(value)


def dataset_name(dataset: Dataset | str) -> str:
    """The name of a dataset that a loop file names.

    Raises:
        UsageError: It names none.
    """
    name = dataset.name if isinstance(dataset, Dataset) else dataset
    if not isinstance(name, str) or not name:
        raise UsageError(f"{dataset!r} is no dataset", fix="Pass the lw.Dataset, or its name.")
    return name


def span_text(span: Micros) -> str:
    """A duration as a person writes it: `50ms`, `90s`, `2d`."""
    for unit, length in (("d", 24 * HOUR), ("h", HOUR), ("m", MINUTE), ("s", SECOND), ("ms", SECOND // 1000)):
        if span % length == 0:
            return f"{span // length}{unit}"
    return f"{span / SECOND:g}s"


class Options(TypedDict, total=False):
    """What all these rules take by name; see `MeasuredRule` and `MonitorRule`. `every` is a duration of whole
    minutes."""

    every: str
    periods: int
    season: Season
    least_change: float
    mean_time_between_false_alarms: int
    severity: Severity
    owner: str


def checked(given: Options, *, every: str, periods: int = 3) -> dict[str, Any]:
    """The options as fields of a rule.

    Args:
        given: What the loop file says.
        every, periods: What counts where it says nothing.

    Raises:
        UsageError: One of them cannot hold, or is none.
    """
    unknown = sorted(set(given) - set(Options.__annotations__))
    if unknown:
        raise UsageError(f"there is no option {unknown[0]!r}", fix=f"Known are {', '.join(Options.__annotations__)}.")
    found: dict[str, Any] = {"periods": periods, **given, "every": _period(given.get("every", every))}
    found["severity"] = check_severity(found.get("severity", "warning"))
    if not 1 <= found["periods"] <= 1_000:
        raise UsageError(f"periods={found['periods']} cannot hold", fix="Say how many bad periods make an alarm.")
    if found.get("season", "none") not in ("weekday", "hour", "none"):
        raise UsageError(f"season={found['season']!r} is none", fix='Write "weekday", "hour" or "none".')
    if not 0 <= found.get("least_change", 0.0) < 10:
        raise UsageError(f"least_change={found['least_change']} cannot hold", fix="Give a share, as 0.2.")
    between_alarms = found.get("mean_time_between_false_alarms")
    if between_alarms is not None and between_alarms < 2:
        raise UsageError(
            f"mean_time_between_false_alarms={between_alarms} would alarm every period",
            fix="Give the number of periods that may pass between two false alarms, such as 10000.",
        )
    return found


def _period(every: str) -> Micros:
    period = duration(every, "every")
    if period % MINUTE:
        raise UsageError(f"every={every!r} is not whole minutes", fix='Write "1m", "1h" or "1d".')
    return period


def between(at_most: float | None, at_least: float | None) -> str:
    """Bounds as they stand in a name: `<= 0.01`, `>= 5`, empty without any."""
    bounds = {">=": at_least, "<=": at_most}
    return ", ".join(f"{sign} {value:g}" for sign, value in bounds.items() if value is not None)
