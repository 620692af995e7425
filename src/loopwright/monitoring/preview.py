"""What a drift rule would cost and catch, tried on the user's own data before it is switched on."""

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome
from loopwright.monitoring.drift import IncidentDetector, settled
from loopwright.monitoring.independence import Independence, reference_independence
from loopwright.monitoring.planted import SIZES, Change, ChangeKind, changes_for
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.rehearsal import BlockRehearsal, Rehearsal, RowRehearsal
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.window import Window

MEAN_TIMES: tuple[int, ...] = (300, 1_000, 3_000)
Progress = Callable[[str, float], None]
"""What is being tried, and the share of all work done."""
_STREAM_WINDOWS = 100
"""Windows of a stream without change, before a new reference is drawn."""


class Effort(msgspec.Struct, frozen=True, kw_only=True):
    """How much is tried.

    Attributes:
        windows: Without change, for each kind of window.
        streams: For each size of change.
        horizon: Windows after which a change counts as not caught.
    """

    windows: int = 1_000
    streams: int = 10
    horizon: int = 45


class Catch(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change of one kind that half of the streams caught within the horizon; all None where none was.

    Each stream has the change in a column (or pair) of its own, drawn from all that can have it.

    Attributes:
        kind: Of change.
        size: Standard deviations; an addition to a share; the part of a dependence that is lost.
        median_windows: Windows until half of the streams had spoken.
        most_windows: Windows until nine in ten had; None where fewer had by the horizon.
    """

    kind: ChangeKind
    size: float | None = None
    median_windows: int | None = None
    most_windows: int | None = None


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One choice of window and mean time, and what it came to.

    Attributes:
        window: As in `lw.drift(window=…)`.
        mean_time: As in `lw.drift(mean_time_between_false_alarms=…)`.
        windows: Tried without change.
        false_alarms: Among them.
        per_thousand: False alarms in 1,000 windows; `low` and `high` hold the truth in 95 of 100 tries (Garwood 1936).
        catches: One a kind of change that the data can have.
        unknown: Why nothing could be tried; empty where something was.
    """

    window: str
    mean_time: int
    windows: int = 0
    false_alarms: int = 0
    per_thousand: float | None = None
    low: float | None = None
    high: float | None = None
    catches: tuple[Catch, ...] = ()
    unknown: str = ""


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What was tried on a reference.

    Attributes:
        rows: Of the reference.
        rule: As declared, with its window settled.
        independence: Whether its rows are independent, from the scatter of its days.
        advice: What follows for the window, in words.
        settings: By window, then by mean time.
    """

    rows: int
    rule: DriftRule
    independence: Independence
    advice: str
    settings: tuple[Setting, ...]


def preview(
    reference: Reference,
    rule: DriftRule,
    *,
    rng: np.random.Generator,
    mean_times: Sequence[int] = MEAN_TIMES,
    effort: Effort | None = None,
    progress: Progress | None = None,
) -> Preview:
    """Try a rule's window, and one of the other sort, at several mean times.

    Args:
        reference: The model's.
        rule: Its columns, kind of reference and least effect are kept.
        rng: Source of all that is random.
        mean_times: Between false alarms, in windows.
        effort: How much to try.
        progress: Told now and then.
    """
    found = reference_independence(reference)
    chosen = settled(rule, reference)
    candidates = [chosen, *(other for other in _others(chosen, reference, found) if other.window != chosen.window)]
    settings: list[Setting] = []
    for done, candidate in enumerate(candidates):
        trial = _Trial(candidate, tuple(sorted(mean_times)), effort or Effort(), rng=rng)
        settings += trial.run(reference, _part_of(progress, candidate.window, done=done, parts=len(candidates)))
    return Preview(
        rows=reference.rows,
        rule=chosen,
        independence=found,
        advice=f"{_advice(found, rule)} This reference judges {reference.judges}.",
        settings=tuple(settings),
    )


class _Trial:
    """One window, all mean times at once: they see the same streams."""

    def __init__(
        self, rule: DriftRule, mean_times: tuple[int, ...], effort: Effort, *, rng: np.random.Generator
    ) -> None:
        self._rule = rule
        self._mean_times = mean_times
        self._effort = effort
        self._rng = rng

    def run(self, reference: Reference, progress: Callable[[float], None]) -> list[Setting]:
        """A setting for each mean time."""
        try:
            world = rehearsal_of(reference, self._rule)
        except ValueError as error:
            return [Setting(window=self._rule.window, mean_time=a, unknown=str(error)) for a in self._mean_times]
        alarms, windows = self._without_change(world, progress)
        if windows == 0:
            reason = "the rule has no verdict on this reference"
            return [Setting(window=self._rule.window, mean_time=a, unknown=reason) for a in self._mean_times]
        kinds = [kind for kind in SIZES if self._can(reference, kind)]
        catches: list[list[Catch]] = [[] for _ in self._mean_times]
        for done, kind in enumerate(kinds):
            for i, catch in enumerate(self._smallest(world, reference, kind)):
                catches[i].append(catch)
            progress(0.5 + 0.5 * (done + 1) / len(kinds))
        return [
            self._setting(mean_time, alarms[i], windows, catches=tuple(catches[i]))
            for i, mean_time in enumerate(self._mean_times)
        ]

    def _can(self, reference: Reference, kind: ChangeKind) -> bool:
        pairs = kind != "correlation" or self._rule.rows is not None
        return pairs and bool(self._subjects(reference, kind))

    def _subjects(self, reference: Reference, kind: ChangeKind) -> tuple[int, ...]:
        """Columns or pairs that the rule watches and that can change so."""
        watched, found = self._rule.columns, changes_for(reference, kind)
        if watched is None:
            return found
        if kind == "correlation":
            pairs = reference.pairs
            return tuple(i for i in found if pairs[i].first in watched and pairs[i].second in watched)
        return tuple(i for i in found if reference.columns[i].name in watched)

    def _without_change(self, world: Rehearsal, progress: Callable[[float], None]) -> tuple[list[int], int]:
        """False alarms at each mean time, each starting the rule anew; and the windows tried."""
        alarms, tried, judged = [0] * len(self._mean_times), 0, False
        while tried < self._effort.windows:
            detectors, windows = world.begin(self._rng, mean_times=self._mean_times)
            states = [detectors[-1].start()]
            for _, window in zip(range(_STREAM_WINDOWS), windows, strict=False):
                states, evidence, known = _advance(detectors, states, window)
                judged = judged or known
                spoke = [value >= a for value, a in zip(evidence, self._mean_times, strict=True)]
                alarms = [count + said for count, said in zip(alarms, spoke, strict=True)]
                if any(spoke):
                    states = states * len(detectors) if len(states) == 1 else states
                    states = [d.reset(s) if said else s for d, s, said in zip(detectors, states, spoke, strict=True)]
                tried += 1
            if not judged:
                return alarms, 0
            progress(0.5 * min(tried / self._effort.windows, 1.0))
        return alarms, tried

    def _smallest(self, world: Rehearsal, reference: Reference, kind: ChangeKind) -> list[Catch]:
        """At each mean time, the smallest size that half of the streams caught; sizes go down until none catches."""
        found = [Catch(kind=kind) for _ in self._mean_times]
        for size in SIZES[kind]:
            waits = [self._waits(world, self._change(reference, kind, size)) for _ in range(self._effort.streams)]
            caught = [_caught(kind, size, [wait[i] for wait in waits]) for i in range(len(self._mean_times))]
            found = [new or old for new, old in zip(caught, found, strict=True)]
            if not any(caught):
                break
        return found

    def _change(self, reference: Reference, kind: ChangeKind, size: float) -> Change:
        subject = int(self._rng.choice(self._subjects(reference, kind)))
        return Change(kind=kind, size=size, subject=subject, rise=bool(self._rng.random() < 0.5))

    def _waits(self, world: Rehearsal, change: Change) -> list[float]:
        """Windows until the rule spoke at each mean time; infinite where it did not."""
        detectors, windows = world.begin(self._rng, mean_times=self._mean_times, change=change)
        states, waits = [detectors[-1].start()], [float("inf")] * len(detectors)
        for number, window in zip(range(1, self._effort.horizon + 1), windows, strict=False):
            states, evidence, _ = _advance(detectors, states, window)
            spoke = [value >= a for value, a in zip(evidence, self._mean_times, strict=True)]
            waits = [min(wait, number) if said else wait for wait, said in zip(waits, spoke, strict=True)]
            if max(waits) < float("inf"):
                break
        return waits

    def _setting(self, mean_time: int, alarms: int, windows: int, *, catches: tuple[Catch, ...]) -> Setting:
        from scipy import special

        low = float(special.gammaincinv(alarms, 0.025)) if alarms else 0.0
        high = float(special.gammaincinv(alarms + 1, 0.975))
        return Setting(
            window=self._rule.window,
            mean_time=mean_time,
            windows=windows,
            false_alarms=alarms,
            per_thousand=round(alarms / windows * 1_000, 3),
            low=round(low / windows * 1_000, 3),
            high=round(high / windows * 1_000, 3),
            catches=catches,
        )


def rehearsal_of(reference: Reference, rule: DriftRule) -> Rehearsal:
    """Where a rule whose window is settled is tried.

    Raises:
        ValueError: The reference does not have what that needs; the message says what.
    """
    if rule.rows is not None:
        if not reference.rows:
            raise ValueError("the reference has no rows")
        return RowRehearsal(reference, rule)
    return BlockRehearsal(reference, rule)


def _advance(
    detectors: Sequence[IncidentDetector], states: list[object], window: Window
) -> tuple[list[object], list[float], bool]:
    """The states after a window, the evidence for each detector, and whether there was a verdict.

    Until a first alarm all detectors have one state between them, and the last, whose mean time is the longest,
    advances it: what they differ in is the evidence that they alarm at.
    """
    through = window.blocks[-1] + 1
    at_work = detectors if len(states) == len(detectors) else detectors[-1:]
    after = [detector.update(state, window, through=through) for detector, state in zip(at_work, states, strict=True)]
    verdicts = [detector.verdict(state) for detector, state in zip(at_work, after, strict=True)]
    known = any(verdict.outcome is not Outcome.UNKNOWN for verdict in verdicts)
    evidence = [verdict.value or 0.0 for verdict in verdicts]
    return after, evidence * (len(detectors) // len(at_work)), known


def _caught(kind: ChangeKind, size: float, waits: list[float]) -> Catch | None:
    median, most = (float(np.quantile(waits, level, method="higher")) for level in (0.5, 0.9))
    if median == float("inf"):
        return None
    within = None if most == float("inf") else int(most)
    return Catch(kind=kind, size=size, median_windows=int(median), most_windows=within)


def _others(rule: DriftRule, reference: Reference, found: Independence) -> Iterator[DriftRule]:
    """The window of the other sort, where the data allow it."""
    if rule.rows is not None and reference.timed:
        yield msgspec.structs.replace(rule, window="1d")
    if rule.rows is None and found.independent is not False and rule.reference == "frozen":
        yield msgspec.structs.replace(rule, window="500 rows")


def _advice(found: Independence, rule: DriftRule) -> str:
    also = f" What is tried here is what calls people: {rule.ranked_against}." if rule.ranked_against else ""
    return _of_windows(found) + also


def _of_windows(found: Independence) -> str:
    if found.independent is None:
        return f"Whether rows are independent cannot be seen: {found.reason}."
    if found.independent:
        return f"Windows of rows may be bet on: {found.reason}."
    return f"Bet on blocks of time (window='1d'): {found.reason}. Windows of rows would raise false alarms."


def _part_of(progress: Progress | None, window: str, *, done: int, parts: int) -> Callable[[float], None]:
    def told(share: float) -> None:
        if progress is not None:
            progress(f"window {window}", (done + share) / parts)

    return told
