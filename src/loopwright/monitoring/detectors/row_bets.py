"""The incident rule where rows are independent: sequential over windows of rows, with a stated false alarm rate.

Each window is bet to be no random part of all rows so far (`stats.bets`), on many scores of many columns at once
(`monitoring.score_table`); the evidence is the weighted mean over scores, directions and stakes of their
Shiryaev-Roberts sums. Under no change it reaches A after A windows in the mean or later, whatever the number of columns
and their dependence, so A itself is the stated mean time.

A change can be real and not worth waking anyone for. So the evidence of a score counts only while its mean since it
began to move lies at least `least_effect` from the reference, which can only make false alarms rarer. Windows seen
during an alarm are not learned: a stream that has moved does not become the usual one by going on.

Rows must be independent. Where one storm delays every flight of a day, they are not: see `monitoring.independence`.
"""

from typing import Any

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome, Verdict
from loopwright.monitoring.reference import Reference
from loopwright.monitoring.score_table import Counted, Score, ScoreTable
from loopwright.monitoring.window import Window
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.bets import SIZES, STAKES, Shift, grown, shifted

MIN_REFERENCE_ROWS = 100
"""Rows of the reference under which there is nothing to be like."""
_HEADROOM = 3.0
"""Log of how far one bet's evidence may exceed what an alarm needs of it alone."""
_NAMED = 12
"""Subjects listed in a verdict."""


class RowBetsState(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen and what is held against the stream; flat arrays in the order of the score table.

    Attributes:
        judged: The last block judged of each column; of pairs under the empty name.
        numbers: Counts of the windows learned, as the score table has them.
        hits: The same of shares.
        rows: The same.
        log_sums: Shiryaev-Roberts sums, as logs, by score and stake.
        moved: Sum of deviations by score and direction, since the score began to move.
        moved_rows: Rows of these sums.
        windows: Judged since the start or the last reset.
        seen_rows: Rows in them, by the column that had most.
        format_version: Of this struct.
    """

    judged: dict[str, int] = {}
    numbers: tuple[int, ...]
    hits: tuple[int, ...]
    rows: tuple[int, ...]
    log_sums: tuple[float, ...]
    moved: tuple[float, ...]
    moved_rows: tuple[int, ...]
    windows: int = 0
    seen_rows: int = 0
    format_version: int = 1


class RowBets:
    """See the module; satisfies `DriftDetector[RowBetsState]`: a block is the running number of a window of rows.

    Args:
        reference: The model's.
        mean_time_between_false_alarms: In windows.
        least_effect: Standard deviations (of the rank, the level's share, the missing share or the concordance) from
            which a change opens an incident.
        columns: Names to watch; all of the reference's when None.
        name: Of its verdicts.
    """

    def __init__(
        self,
        reference: Reference,
        *,
        mean_time_between_false_alarms: int = 1_000,
        least_effect: float = 0.05,
        columns: tuple[str, ...] | None = None,
        name: str = "drift",
    ) -> None:
        self._reference = reference
        self._threshold = float(mean_time_between_false_alarms)
        self._least_effect = least_effect
        self._table = ScoreTable(reference, columns)
        self._weights = self._table.weights[:, None] / STAKES.size
        self._most = np.log(self._threshold / np.maximum(self._weights, 1e-300)) + _HEADROOM
        self.name = name

    def start(self, *, after: int | None = None) -> RowBetsState:
        """Nothing seen yet; windows up to the number `after` will not be judged."""
        k, empty = len(self._table.scores), self._table.counted({}, None)
        names = (*self._table.watched, "")
        return RowBetsState(
            judged={} if after is None else dict.fromkeys(names, after),
            numbers=_whole(empty.numbers),
            hits=_whole(empty.hits),
            rows=_whole(empty.rows),
            log_sums=(-700.0,) * (k * STAKES.size),
            moved=(0.0,) * (k * 2),
            moved_rows=(0,) * (k * 2),
        )

    def accepts(self, state: RowBetsState) -> bool:
        """Whether the state's arrays are of these scores."""
        fresh = self.start()
        same = (("log_sums", "moved"), ("numbers", "hits"))
        return all(len(getattr(state, name)) == len(getattr(fresh, name)) for names in same for name in names)

    def update(self, state: RowBetsState, window: Window, *, through: int) -> RowBetsState:
        """See `DriftDetector.update`. A column that a window does not have is passed over in it."""
        numbers = {block for name in self._table.watched for block in window.columns.get(name, {})}
        for block in sorted(block for block in numbers | set(window.pairs) if block < through):
            state = self._advanced(state, window, block)
        return state

    def verdict(self, state: RowBetsState) -> Verdict:
        """Fail when the evidence reaches the stated mean time between false alarms.

        `details["named"]` are the columns and pairs to look at: those that hold a tenth of what an alarm needs.
        """
        if self._reference.rows < MIN_REFERENCE_ROWS:
            return self._unknown(f"the reference has {self._reference.rows} rows, {MIN_REFERENCE_ROWS} are needed")
        if state.windows == 0:
            return self._unknown("no complete window has been seen yet")
        by_score = self._evidence(floats(state.log_sums), _shift(state))
        evidence = float(by_score.sum())
        alarmed = evidence >= self._threshold
        entries = self._entries(state, by_score.sum(axis=1))
        held = [entry["column"] for entry in entries if entry["counts"] and entry["evidence"] >= self._threshold / 10]
        named = (held or [entry["column"] for entry in entries[:3]]) if alarmed else []
        return Verdict(
            check=self.name,
            outcome=Outcome.FAIL if alarmed else Outcome.PASS,
            reason=_said(named, entries) or f"evidence {evidence:.3g} of {self._threshold:g} that anything moved",
            value=evidence,
            threshold=self._threshold,
            n=state.windows,
            details={
                "columns": entries[:_NAMED],
                "named": named,
                "mean_time_between_false_alarms_windows": self._threshold,
                "least_effect": self._least_effect,
                "rows": state.seen_rows,
            },
        )

    def reset(self, state: RowBetsState) -> RowBetsState:
        """What was learned stays; the evidence starts from nothing."""
        fresh = self.start()
        return msgspec.structs.replace(
            state, log_sums=fresh.log_sums, moved=fresh.moved, moved_rows=fresh.moved_rows, windows=0, seen_rows=0
        )

    def _advanced(self, state: RowBetsState, window: Window, block: int) -> RowBetsState:
        due = {
            name: counts
            for name in self._table.watched
            if (counts := window.columns.get(name, {}).get(block)) is not None
            and block > state.judged.get(name, block - 1)
        }
        pairs = window.pairs.get(block) if block > state.judged.get("", block - 1) else None
        if not due and not pairs:
            return state
        judged = state.judged | dict.fromkeys(due, block) | ({"": block} if pairs else {})
        counted = self._table.counted(due, pairs)
        learned = self._learned(state)
        bets = self._table.bets(counted, self._table.reference.plus(learned).plus(counted))
        before = floats(state.log_sums).reshape(-1, STAKES.size)
        took_part = (bets.rows > 0)[:, None]
        sums = np.where(took_part, np.round(grown(before, bets.log_e, self._most), 5), before)
        shift = shifted(_shift(state), bets, self._least_effect)
        if self._evidence(sums, shift).sum() < self._threshold:
            learned = learned.plus(counted)
        return msgspec.structs.replace(
            state,
            judged=judged,
            numbers=_whole(learned.numbers),
            hits=_whole(learned.hits),
            rows=_whole(learned.rows),
            log_sums=tuple(sums.ravel().tolist()),
            moved=tuple(np.round(shift.moved, 3).ravel().tolist()),
            moved_rows=_whole(shift.rows),
            windows=state.windows + int(bool(due) and block > max(state.judged.values(), default=block - 1)),
            seen_rows=state.seen_rows + max((sum(counts) for counts in due.values()), default=0),
        )

    def _learned(self, state: RowBetsState) -> Counted:
        shape = self._table.reference.numbers.shape
        return Counted(floats(state.numbers).reshape(shape), floats(state.hits), floats(state.rows))

    def _evidence(self, log_sums: Floats, shift: Shift) -> Floats:
        """(n_scores, 2) weighted evidence that the score rose, and that it fell, where that is far enough."""
        sums = np.exp(log_sums.reshape(-1, 2, len(SIZES))).sum(axis=2)
        far = shift.size >= self._least_effect
        return floats(np.where(far, sums * self._weights, 0.0))

    def _unknown(self, reason: str) -> Verdict:
        return Verdict(check=self.name, outcome=Outcome.UNKNOWN, reason=reason, threshold=self._threshold)

    def _entries(self, state: RowBetsState, evidence: Floats) -> list[dict[str, Any]]:
        """One line a column or pair, the strongest first, of its strongest score."""
        size = _shift(state).size
        lines: dict[str, dict[str, Any]] = {}
        for i in np.argsort(-evidence, kind="stable").tolist():
            score, rise = self._table.scores[i], bool(size[i, 0] >= size[i, 1])
            effect = float(size[i, 0] if rise else -size[i, 1])
            line = lines.setdefault(score.subject, _line(score, effect, self._least_effect))
            line["evidence"] += float(evidence[i])
        return sorted(lines.values(), key=lambda line: (-line["evidence"], -abs(line["effect"])))


def _line(score: Score, effect: float, least_effect: float) -> dict[str, Any]:
    line: dict[str, Any] = {
        "column": score.subject,
        "counts": abs(effect) >= least_effect,
        "evidence": 0.0,
        "figure": score.figure,
        "effect": round(effect, 4),
    }
    return line | ({"pair": list(score.columns)} if len(score.columns) == 2 else {})


def _said(named: list[str], entries: list[dict[str, Any]]) -> str:
    """What moved, in words; empty where nothing is named."""
    lines = {entry["column"]: entry for entry in entries}
    pairs = [name for name in named if "pair" in lines[name]]
    missing = [name for name in named if lines[name]["figure"] == "missing"]
    moved = [name for name in named if name not in pairs and name not in missing]
    parts = (
        f"the distribution of {', '.join(moved)} moved" if moved else "",
        f"the missing share of {', '.join(missing)} moved" if missing else "",
        f"the dependence of {', '.join(pairs)} moved" if pairs else "",
    )
    return "; ".join(part for part in parts if part)


def _shift(state: RowBetsState) -> Shift:
    return Shift(floats(state.moved).reshape(-1, 2), floats(state.moved_rows).reshape(-1, 2))


def _whole(counts: Floats) -> tuple[int, ...]:
    return tuple(np.rint(counts).astype(np.int64).ravel().tolist())
