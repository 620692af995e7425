"""What a report is made of, as values; `report.render` turns them into one page.

Instants are microseconds UTC. Text is shown as it is: no markup in it is ever read.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.errors import UsageError

Tone = Literal["plain", "good", "warn", "bad"]
Form = Literal["number", "percent", "power"]  # power: the value is a logarithm to base ten


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One key number, as text, with what it counts and, small, what it is measured against."""

    label: str
    value: str
    note: str = ""
    tone: Tone = "plain"


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """A row of key numbers."""

    title: str
    items: tuple[Figure, ...]
    note: str = ""
    half: bool = False


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """Paragraphs."""

    title: str
    paragraphs: tuple[str, ...]
    note: str = ""
    half: bool = False


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """A table. `right` names the columns that are set flush right; `tones` colours rows, one tone a row, or none."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]
    right: tuple[str, ...] = ()
    tones: tuple[Tone, ...] = ()
    note: str = ""
    half: bool = False

    def __post_init__(self) -> None:
        for row in self.rows:
            _same_length(self.title, columns=self.columns, row=row)


class EventLine(msgspec.Struct, frozen=True, kw_only=True):
    """One event of a chain of cause and effect; `depth` is its distance from the first cause."""

    at: Micros
    kind: str
    subject: str
    text: str = ""
    depth: int = 0
    tone: Tone = "plain"


class EventList(msgspec.Struct, frozen=True, kw_only=True):
    """A chain of cause and effect, causes before effects."""

    title: str
    events: tuple[EventLine, ...]
    note: str = ""
    half: bool = False


class Series(msgspec.Struct, frozen=True, kw_only=True):
    """One line: `value[i]` at instant `at[i]`, in order of time; None or NaN is a gap.

    `low` and `high`, where given, are the ends of an interval about each value, drawn as a band.
    """

    name: str
    at: tuple[Micros, ...]
    value: tuple[float | None, ...]
    low: tuple[float | None, ...] = ()
    high: tuple[float | None, ...] = ()

    def __post_init__(self) -> None:
        _same_length(self.name, at=self.at, value=self.value)
        if self.low or self.high:
            _same_length(self.name, at=self.at, low=self.low, high=self.high)


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """An event on the time axis."""

    at: Micros
    label: str
    tone: Tone = "plain"


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A level that a line is read against."""

    value: float
    label: str


class LineChart(msgspec.Struct, frozen=True, kw_only=True):
    """Values over time, with events marked on the axis and levels across."""

    title: str
    series: tuple[Series, ...]
    markers: tuple[Marker, ...] = ()
    thresholds: tuple[Threshold, ...] = ()
    form: Form = "number"
    unit: str = ""
    from_zero: bool = False
    note: str = ""
    half: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One share of a whole at each instant of its chart, 0 to 1; `tone` colours a part that has failed."""

    name: str
    share: tuple[float, ...]
    tone: Tone = "plain"


class AreaChart(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of a whole over time, stacked from below; a share holds from its instant until the next one.

    Args:
        at: The instants at which shares change, in order; (n_instants,).
        parts: Each with a share for every instant.
        until: The right edge; the last instant when None.
    """

    title: str
    at: tuple[Micros, ...]
    parts: tuple[Part, ...]
    until: Micros | None = None
    markers: tuple[Marker, ...] = ()
    note: str = ""
    half: bool = False

    def __post_init__(self) -> None:
        for part in self.parts:
            _same_length(part.name, at=self.at, share=part.share)


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Predictions in bins: the mean prediction, the observed rate and the number of rows of each, (n_bins,)."""

    name: str
    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    count: tuple[int, ...]

    def __post_init__(self) -> None:
        _same_length(self.name, predicted=self.predicted, observed=self.observed, count=self.count)


class ReliabilityChart(msgspec.Struct, frozen=True, kw_only=True):
    """Observed rate against predicted probability; a calibrated model lies on the diagonal."""

    title: str
    curves: tuple[Curve, ...]
    note: str = ""
    half: bool = True


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One bar, with an interval where `low` and `high` are known."""

    label: str
    value: float | None
    low: float | None = None
    high: float | None = None
    tone: Tone = "plain"


class BarChart(msgspec.Struct, frozen=True, kw_only=True):
    """Values side by side, from zero, with levels across."""

    title: str
    bars: tuple[Bar, ...]
    thresholds: tuple[Threshold, ...] = ()
    form: Form = "number"
    unit: str = ""
    note: str = ""
    half: bool = True


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Two distributions of one thing over the same bins, as shares of rows, with a few facts below.

    Attributes:
        name: What it is.
        labels: Of the bins; (n_bins,). Where they are `ordered` only the first, the middle and the last are written.
        reference: Share of each bin in the reference, 0 to 1.
        current: Share of each bin of late.
        ordered: Whether the bins lie on a line.
        badge: One word or two beside the name, as `moved`.
        tone: Colours the badge.
        facts: Pairs of a name and a value, written below.
    """

    name: str
    labels: tuple[str, ...]
    reference: tuple[float, ...]
    current: tuple[float, ...]
    ordered: bool = True
    badge: str = ""
    tone: Tone = "plain"
    facts: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        _same_length(self.name, labels=self.labels, reference=self.reference, current=self.current)


class Histograms(msgspec.Struct, frozen=True, kw_only=True):
    """Many small pictures of two distributions each, side by side; `names` are what the two are called."""

    title: str
    items: tuple[Histogram, ...]
    names: tuple[str, str] = ("reference", "current")
    note: str = ""
    half: bool = False


Section = Figures | Text | Grid | EventList | LineChart | AreaChart | ReliabilityChart | BarChart | Histograms


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A page.

    Args:
        title: Its heading.
        sections: In order; neighbours with `half` stand side by side.
        subtitle: One sentence below the heading: what was done, on what.
        made_at: The instant printed at the foot.
        source: Where the figures come from (a home, journal positions), printed at the foot.
    """

    title: str
    sections: tuple[Section, ...]
    subtitle: str = ""
    made_at: Micros | None = None
    source: str = ""


def _same_length(title: str, **columns: Sequence[object]) -> None:
    lengths = {name: len(values) for name, values in columns.items()}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise UsageError(f"the section {title!r} is uneven", why=shown, fix="Give every column the same length.")
