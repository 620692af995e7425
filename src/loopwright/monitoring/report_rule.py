"""The report rule: what in this window looks moved? A colour, not an alarm.

A column is coloured when an effect is worth a look (at its floor or above, on its own scale) *and* is not chance (Holm
over all questions of the window, weighted by family). Columns that are gone, empty or of another type are coloured for
what they are. Rows are taken for independent unless the reference shows rows of a block to be alike; then tests count
them as the fewer rows that they are worth.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np

from loopwright.core.verdict import Outcome
from loopwright.monitoring.detectors.catalogue import FAMILY_SHARES, STATISTICS
from loopwright.monitoring.detectors.level_bins import level_count, level_name
from loopwright.monitoring.detectors.pair_signs import PairMeasures, PairSigns
from loopwright.monitoring.detectors.statistic import ColumnStatistic, Family, Measure, Sample
from loopwright.monitoring.findings import ColumnFinding, Effect, Findings, Histogram, PairFinding, State
from loopwright.monitoring.likeness import Worth, worth_of_rows
from loopwright.monitoring.reference import LABEL, PREDICTION, ColumnReference, Reference
from loopwright.monitoring.sketch import quantiles_of
from loopwright.monitoring.window import Window
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.distances import total_variation
from loopwright.stats.multiple_testing import holm

MIN_ROWS = 30
"""Rows, on either side, under which nothing is said."""
_NEVER_CONSTANT = 0.5
"""Share of the commonest bin above which a column may look constant by chance."""


class Ruling(msgspec.Struct, frozen=True, kw_only=True):
    """How the report rule is set.

    Attributes:
        alpha: Chance of colouring anything in a window though nothing changed.
        measure: One of `detectors.catalogue.MEASURES` to be every column's effect; each test's own effect when None.
        floor: The least effect by that measure; its usual one when None.
        columns: Names to judge; all of the reference's when None. Pairs are judged where both are.
        block_us: Length of the window's blocks; None where these are so many rows each.
    """

    alpha: float = 0.01
    measure: str | None = None
    floor: float | None = None
    columns: tuple[str, ...] | None = None
    block_us: int | None = None


class _Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column with its counts in the window, and what each statistic made of them."""

    reference: ColumnReference
    state: State
    counts: Floats
    measures: tuple[tuple[ColumnStatistic, Measure], ...] = ()
    worth: Worth = Worth()


def judge_window(reference: Reference, window: Window, ruling: Ruling | None = None) -> Findings:
    """Judge a window. Never raises for what rows hold: what cannot be compared says so in its finding."""
    ruling = ruling or Ruling()
    rows = _rows_of(window)
    if min(rows, reference.rows) < MIN_ROWS:
        short = "the window has" if rows < MIN_ROWS else "the reference has"
        reason = (
            f"{short} {min(rows, reference.rows)} rows, {MIN_ROWS} are needed" if rows else "the window has no rows"
        )
        return Findings(outcome=Outcome.UNKNOWN, reason=reason, rows=rows, rows_reference=reference.rows)
    wanted = [c for c in reference.columns if ruling.columns is None or c.name in ruling.columns]
    lengths = (reference.period_us if reference.timed else None, ruling.block_us)
    columns = [_compared(column, window, lengths) for column in wanted]
    pairs = _pairs(reference, window, {column.reference.name: column.worth for column in columns})
    adjusted, pairs_adjusted = _adjusted(columns, pairs)
    found = [
        _described(column, p_values, window, ruling=ruling) for column, p_values in zip(columns, adjusted, strict=True)
    ]
    found.sort(key=lambda finding: (not finding.moved, -finding.strength))
    named = _pair_findings(reference, pairs, pairs_adjusted, ruling=ruling)
    asked = sum(int(np.isfinite(p).sum()) for p in [*adjusted, pairs_adjusted])
    findings = Findings(
        outcome=Outcome.PASS,
        reason=f"none of {len(found)} columns looks moved",
        columns=tuple(found),
        pairs=named,
        rows=rows,
        rows_reference=reference.rows,
        alpha=ruling.alpha,
        questions=asked,
        all_pairs=reference.all_pairs,
        rows_alike=any(column.worth.alike for column in columns),
    )
    if not findings.moved:
        return findings
    return msgspec.structs.replace(findings, outcome=Outcome.WARN, reason=_reason(findings))


def _rows_of(window: Window) -> int:
    if window.rows:
        return sum(window.rows.values())
    totals = [total for name in window.columns if (total := window.total(name)) is not None]
    return max((int(total.sum()) for total in totals), default=0)


def _reason(findings: Findings) -> str:
    said = [f"{column.column} ({column.said})" for column in findings.columns if column.moved]
    said += [f"{pair.first} ~ {pair.second}" for pair in findings.pairs if pair.moved]
    most = 8
    return ", ".join(said[:most]) + (f" and {len(said) - most} more" if len(said) > most else "") + " look moved"


def _compared(column: ColumnReference, window: Window, lengths: tuple[int | None, int | None]) -> _Column:
    """With the length of the reference's blocks and that of the window's."""
    counts = window.total(column.name)
    if counts is None or counts.sum() == 0:
        answer = column.name in (PREDICTION, LABEL)
        return _Column(reference=column, state="too_few" if answer else "absent", counts=np.zeros(column.bins.count))
    if min(counts.sum(), sum(column.counts)) < MIN_ROWS:
        return _Column(reference=column, state="too_few", counts=counts)
    worth = worth_of_rows(column, window.columns[column.name], table_us=lengths[0], block_us=lengths[1])
    sample = Sample(counts=counts, worth_reference=worth.reference, worth_current=worth.current)
    return _Column(
        reference=column,
        state=_state(column, counts, sum(window.misfits.get(column.name, {}).values())),
        counts=counts,
        measures=tuple((s, s.measure(column, sample)) for s in STATISTICS if s.applies(column)),
        worth=worth,
    )


def _state(column: ColumnReference, counts: Floats, misfits: int) -> State:
    if misfits > counts.sum() / 2:
        return "changed_type"
    known, before = counts[:-1], floats(column.counts)[:-1]
    if known.sum() == 0 and before.sum() > 0:
        return "all_missing"
    alone = known.max(initial=0.0) == known.sum() >= MIN_ROWS
    if alone and before.max(initial=0.0) <= _NEVER_CONSTANT * before.sum():
        return "became_constant"
    return "compared"


def _pairs(reference: Reference, window: Window, worths: Mapping[str, Worth]) -> PairMeasures | None:
    """The measures of all pairs; a pair of a column that is not judged has no question.

    Pairs are not counted by the reference's blocks, so a row of a pair is taken for worth what it is in the column
    where it is worth less: two columns that go up and down by the day look linked for a week without being so.
    """
    counts = window.total_pairs()
    if counts is None or not reference.pairs:
        return None
    ends = [(worths.get(pair.first, Worth()), worths.get(pair.second, Worth())) for pair in reference.pairs]
    worth = floats([(min(a.reference, b.reference), min(a.current, b.current)) for a, b in ends])
    found = PairSigns().measure(reference.pairs, counts, worth=worth)
    judged = np.asarray([pair.first in worths and pair.second in worths for pair in reference.pairs])
    enough = counts.sum(axis=1) >= MIN_ROWS
    return msgspec.structs.replace(found, p_values=np.where(judged & enough, found.p_values, np.nan))


def _adjusted(columns: Sequence[_Column], pairs: PairMeasures | None) -> tuple[list[Floats], Floats]:
    """Adjusted p-values: of each column's measures, and of the pairs."""
    asked: list[tuple[Family | None, float]] = [(s.family, m.p_value) for c in columns for s, m in c.measures]
    p_values = np.concatenate((floats([p for _, p in asked]), pairs.p_values if pairs else np.zeros(0)))
    families: list[Family | None] = [family for family, _ in asked]
    families += ["pairs"] * (p_values.size - len(asked))
    weights = _weights(families, p_values)
    adjusted = holm(p_values, weights)
    ends = np.cumsum([0, *(len(column.measures) for column in columns)])
    return [adjusted[a:b] for a, b in pairwise(ends.tolist())], adjusted[len(asked) :]


def _weights(families: Sequence[Family | None], p_values: Floats) -> Floats:
    """Each question's part of alpha; what cannot be asked (NaN) takes nothing from the others of its family."""
    held = np.isfinite(p_values)
    weights = np.ones(p_values.size)
    for family, share in FAMILY_SHARES.items():
        members = np.asarray([name == family for name in families], dtype=bool) & held
        weights[members] = share / max(int(members.sum()), 1)
    return weights


def _described(column: _Column, p_values: Floats, window: Window, *, ruling: Ruling) -> ColumnFinding:
    known = column.reference
    effects = _effects(column, p_values, ruling)
    by_state = column.state in ("absent", "changed_type")
    moved = by_state or any(effect.moved for effect in effects)
    rows, rows_reference = int(column.counts.sum()), sum(known.counts)
    least = np.nanmin(p_values) if np.isfinite(p_values).any() else None
    return ColumnFinding(
        column=known.name,
        kind="number" if known.bins.ordered else "category",
        state=column.state,
        moved=moved,
        said=_said(column, effects, sum(window.misfits.get(known.name, {}).values())),
        effects=effects,
        total_variation=_finite(total_variation(floats(known.counts), column.counts)),
        p_value_holm=None if least is None else float(least),
        rows=rows,
        rows_reference=rows_reference,
        missing_share=float(column.counts[-1] / rows) if rows else None,
        missing_share_reference=known.counts[-1] / rows_reference if rows_reference else None,
        misfits=sum(window.misfits.get(known.name, {}).values()),
        quantiles=quantiles_of(window.sketches.get(known.name, {}).values()) or (),
        quantiles_reference=known.quantiles,
        histogram=_histogram(column),
    )


def _effects(column: _Column, p_values: Floats, ruling: Ruling) -> tuple[Effect, ...]:
    pressing = _pressing(column.measures, ruling)
    effects = [
        Effect(
            statistic=statistic.name,
            effect=_finite(measure.effect),
            floor=statistic.floor,
            said=measure.said,
            p_value=_finite(p_value),
            moved=bool(p_value <= ruling.alpha and _pressing_one(statistic, measure, pressing)),
            figure=None if measure.figure is None else _finite(measure.figure),
        )
        for (statistic, measure), p_value in zip(column.measures, p_values.tolist(), strict=True)
    ]
    return tuple(sorted(effects, key=lambda effect: not effect.moved))


def _pressing(measures: Iterable[tuple[ColumnStatistic, Measure]], ruling: Ruling) -> bool | None:
    """Whether the chosen measure is at its floor; None where each test's own effect decides."""
    if ruling.measure is None:
        return None
    return any(
        abs(measure.effect) >= (statistic.floor if ruling.floor is None else ruling.floor)
        for statistic, measure in measures
        if statistic.name == ruling.measure
    )


def _pressing_one(statistic: ColumnStatistic, measure: Measure, pressing: bool | None) -> bool:
    return abs(measure.effect) >= statistic.floor if pressing is None else pressing


def _said(column: _Column, effects: Sequence[Effect], misfits: int) -> str:
    plain = {
        "absent": "no rows have this column",
        "too_few": f"{int(column.counts.sum())} rows here, {sum(column.reference.counts)} in the reference: too few",
        "changed_type": f"{misfits} of {int(column.counts.sum())} values are not of its type",
        "all_missing": "every value is missing",
        "became_constant": "all values fall in one bin",
    }
    if column.state in ("absent", "too_few", "changed_type"):
        return plain[column.state]
    moved = [effect.said for effect in effects if effect.moved]
    return "; ".join(([plain[column.state]] if column.state in plain else []) + moved)


def _pair_findings(
    reference: Reference, pairs: PairMeasures | None, adjusted: Floats, *, ruling: Ruling
) -> tuple[PairFinding, ...]:
    if pairs is None:
        return ()
    floor = PairSigns().floor
    effects = pairs.effects
    found = [
        PairFinding(
            first=pair.first,
            second=pair.second,
            moved=bool(adjusted[i] <= ruling.alpha and abs(effects[i]) >= floor),
            correlation=_finite(float(pairs.now[i])),
            correlation_reference=_finite(float(pairs.before[i])),
            p_value_holm=_finite(float(adjusted[i])),
            floor=floor,
        )
        for i, pair in enumerate(reference.pairs)
        if np.isfinite(adjusted[i])
    ]
    return tuple(sorted(found, key=lambda pair: (not pair.moved, -_change(pair))))


def _change(pair: PairFinding) -> float:
    if pair.correlation is None or pair.correlation_reference is None:
        return 0.0
    return abs(pair.correlation - pair.correlation_reference)


def _histogram(column: _Column) -> Histogram | None:
    known = column.reference
    n = known.bins.count - 1
    before, now = floats(known.counts)[:n], column.counts[:n]
    if before.sum() == 0:
        return None
    shares = now / now.sum() if now.sum() else now
    levels: tuple[str, ...] = ()
    if not known.bins.ordered:
        levels = tuple(level_name(known, i) for i in range(level_count(known)))
        levels += ("new levels",) if known.bins.unseen else ()
    return Histogram(
        reference=tuple(np.round(before / before.sum(), 6).tolist()),
        current=tuple(np.round(shares, 6).tolist()),
        edges=known.bins.edges,
        levels=levels,
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
