"""Streams like the user's own in which nothing, or one planted change, happens: what a preview tries rules on.

Windows of rows are drawn from the reference's counts, and so is the reference that they are compared with: every
column by itself, which changes no false alarm rate that was stated for any dependence. Blocks of time are the
reference's own, in runs of a week (of a day where there are few weeks) so that what one block remembers of another
stays: half of the runs, chosen at random, are the reference of a rehearsal, and the other half, shuffled, its stream.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
import numpy as np

from loopwright.monitoring.detectors.block_rank import BlockRank, WatchedColumn
from loopwright.monitoring.detectors.row_bets import RowBets
from loopwright.monitoring.drift import IncidentDetector
from loopwright.monitoring.planted import Change, moved_rows, weaker_pair
from loopwright.monitoring.reference import DAY, Reference
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.window import Window
from loopwright.monitoring.yardstick import BlockYardstick, one_season, seasons_for
from loopwright.stats.arrays import Floats, floats

_MIN_RUNS = 8
_WEEKS_ENOUGH = 8


class Rehearsal(Protocol):
    """A world to try a rule in."""

    def begin(
        self, rng: np.random.Generator, *, mean_times: Sequence[int], change: Change | None = None
    ) -> tuple[list[IncidentDetector], Iterator[Window]]:
        """The rule at each mean time between false alarms against one reference drawn anew, and a stream without end.

        Each window of the stream has one block, with a greater number than the one before.
        """


class RowRehearsal:
    """Windows of rows. `rule.rows` is given."""

    def __init__(self, reference: Reference, rule: DriftRule) -> None:
        self._reference = reference
        self._rule = rule
        self._rows = rule.rows or 0
        self._shares = [floats(c.counts) / max(sum(c.counts), 1) for c in reference.columns]

    def begin(
        self, rng: np.random.Generator, *, mean_times: Sequence[int], change: Change | None = None
    ) -> tuple[list[IncidentDetector], Iterator[Window]]:
        """See `Rehearsal.begin`."""
        drawn = self._drawn(rng)
        detectors: list[IncidentDetector] = [
            RowBets(
                drawn,
                mean_time_between_false_alarms=mean_time,
                least_effect=self._rule.floor,
                columns=self._rule.columns,
            )
            for mean_time in mean_times
        ]
        return detectors, self._windows(rng, change)

    def _drawn(self, rng: np.random.Generator) -> Reference:
        columns = tuple(
            msgspec.structs.replace(column, counts=tuple(rng.multinomial(sum(column.counts), shares).tolist()))
            for column, shares in zip(self._reference.columns, self._shares, strict=True)
        )
        pairs = []
        for pair in self._reference.pairs:
            both = pair.concordant + pair.discordant
            together = int(rng.binomial(both, pair.concordant / max(both, 1)))
            pairs.append(msgspec.structs.replace(pair, concordant=together, discordant=both - together))
        return msgspec.structs.replace(self._reference, columns=columns, pairs=tuple(pairs))

    def _windows(self, rng: np.random.Generator, change: Change | None) -> Iterator[Window]:
        shares = list(self._shares)
        concordant = floats([p.concordant / max(p.concordant + p.discordant, 1) for p in self._reference.pairs])
        if change is not None and change.kind == "correlation":
            pair = self._reference.pairs[change.subject]
            concordant[change.subject] = weaker_pair(pair.concordant, pair.discordant, change.size)
        elif change is not None:
            shares[change.subject] = shares[change.subject] @ moved_rows(
                self._reference.columns[change.subject], change
            )
        rows = max(self._reference.rows, 1)
        counted = floats([min((p.concordant + p.discordant) / rows, 1.0) for p in self._reference.pairs])
        block = 0
        while True:
            columns = {
                column.name: {block: tuple(rng.multinomial(self._rows, each).tolist())}
                for column, each in zip(self._reference.columns, shares, strict=True)
                if each.any()
            }
            both = rng.binomial(self._rows, counted)
            together = rng.binomial(both, concordant)
            pairs = tuple(zip(together.tolist(), (both - together).tolist(), strict=True))
            yield Window(columns=columns, pairs={block: pairs} if pairs else {})
            block += 1


class BlockRehearsal:
    """Blocks of time. `rule.block_us` is given and the reference has counts by such blocks.

    Raises:
        ValueError: There are too few blocks to split.
    """

    def __init__(self, reference: Reference, rule: DriftRule) -> None:
        self._reference = reference
        self._rule = rule
        self._period = rule.block_us or DAY
        self._counts: dict[str, dict[int, Floats]] = {}
        for column in reference.columns:
            by_block = reference.block_counts(column.name, self._period)
            if by_block is not None:
                self._counts[column.name] = dict(zip(by_block[0], by_block[1], strict=True))
        if not self._counts:
            raise ValueError(f"the reference has no counts of blocks of this length; it judges {reference.judges}")
        numbers = sorted({block for blocks in self._counts.values() for block in blocks})
        self._runs = self._runs_of(numbers)
        if len(self._runs) < _MIN_RUNS:
            raise ValueError(f"the reference has {len(self._runs)} days or weeks, {_MIN_RUNS} are needed")

    def begin(
        self, rng: np.random.Generator, *, mean_times: Sequence[int], change: Change | None = None
    ) -> tuple[list[IncidentDetector], Iterator[Window]]:
        """See `Rehearsal.begin`."""
        order = rng.permutation(len(self._runs))
        half = len(self._runs) // 2
        watched = self._watched({block for i in order[:half] for block in self._runs[i]})
        detectors: list[IncidentDetector] = [
            BlockRank(
                self._reference,
                mean_time_between_false_alarms=mean_time,
                least_effect=self._rule.floor,
                columns=self._rule.columns,
                watched=watched,
            )
            for mean_time in mean_times
        ]
        return detectors, self._windows([self._runs[i] for i in order[half:]], rng, change)

    def _watched(self, held: set[int]) -> list[WatchedColumn]:
        watched = []
        for column in self._reference.columns:
            blocks = tuple(sorted(held & set(self._counts.get(column.name, {}))))
            if not blocks:
                continue
            counts = floats([self._counts[column.name][block] for block in blocks])
            numbers = np.asarray(blocks, dtype=np.int64)
            seasonal = self._rule.reference == "seasonal"
            seasons = seasons_for(numbers, self._period) if seasonal else one_season(self._period)
            yardstick = BlockYardstick(column, blocks, counts=counts, seasons=seasons)
            watched.append(WatchedColumn(column=column, yardstick=yardstick))
        return watched

    def _windows(self, runs: list[list[int]], rng: np.random.Generator, change: Change | None) -> Iterator[Window]:
        """Numbers keep a block's place in its run."""
        moved = None if change is None else moved_rows(self._reference.columns[change.subject], change)
        changed = None if change is None else self._reference.columns[change.subject].name
        start = runs[0][0] - (runs[0][0] - self._first) % self._run_length
        while True:
            for place in rng.permutation(len(runs)):
                start += self._run_length
                for block in runs[place]:
                    at = start + (block - self._first) % self._run_length
                    yield Window(columns=self._block(block, at, changed=changed, moved=moved))

    def _block(
        self, block: int, at: int, *, changed: str | None, moved: Floats | None
    ) -> dict[str, dict[int, tuple[int, ...]]]:
        found = {}
        for name, blocks in self._counts.items():
            if block in blocks:
                counts = blocks[block] @ moved if moved is not None and name == changed else blocks[block]
                found[name] = {at: tuple(np.rint(counts).astype(int).tolist())}
        return found

    def _runs_of(self, numbers: list[int]) -> list[list[int]]:
        """The blocks in weeks, or in days; each begins at the same hour and weekday as all others."""
        weeks = (numbers[-1] - numbers[0]) * self._period // (7 * DAY) if numbers else 0
        span = 7 * DAY if weeks >= _WEEKS_ENOUGH else DAY
        self._run_length = max(1, span // self._period)
        self._first = numbers[0] if numbers else 0
        runs: dict[int, list[int]] = {}
        for block in numbers:
            runs.setdefault((block - self._first) // self._run_length, []).append(block)
        return [run for _, run in sorted(runs.items()) if len(run) > self._run_length // 2]
