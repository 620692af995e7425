"""What the report rule found in one window: column by column, pair by pair. Plain JSON."""

from typing import Literal

import msgspec

from loopwright.core.verdict import Outcome

State = Literal["compared", "absent", "all_missing", "became_constant", "changed_type", "too_few"]
"""How a column came: comparable; without rows; without values; with one value where it had several; with values that
are not of its type; or with too few rows, here or in the reference, to say anything."""


class Effect(msgspec.Struct, frozen=True, kw_only=True):
    """One statistic of one column.

    Attributes:
        statistic: Its name, as `place`.
        effect: In its own unit; None where it is not defined.
        floor: The least effect that counts.
        p_value: Adjusted by Holm over all questions of the window; None for figures.
        moved: Whether the effect is at its floor or above *and* not chance.
        said: In words.
        figure: What is shown, where that is not the effect.
    """

    statistic: str
    effect: float | None
    floor: float
    said: str
    p_value: float | None = None
    moved: bool = False
    figure: float | None = None


class Histogram(msgspec.Struct, frozen=True, kw_only=True):
    """Shares of known values, before and now.

    Attributes:
        edges: Of a number: `len(reference) - 1` cuts between the bins, of which the outer two are open.
        levels: Of a category: what each bin holds.
        reference, current: Share of each bin.
    """

    reference: tuple[float, ...]
    current: tuple[float, ...]
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()


class ColumnFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One column.

    Attributes:
        column: Its name.
        kind: `number` or `category`.
        state: How it came.
        moved: Whether it is to be coloured.
        said: What moved, in words; why it cannot be compared.
        effects: All statistics, those that moved first.
        total_variation: Share of rows in another bin than before; None where it is not defined.
        p_value_holm: The least adjusted p-value.
        rows, rows_reference: Rows on each side.
        missing_share, missing_share_reference: Of those rows.
        misfits: Rows whose value is not of the column's type.
        quantiles, quantiles_reference: At `monitoring.sketch.QUANTILES`, in the column's unit; empty where unknown.
        new_levels: Names of levels that the reference does not have, where they are known.
        histogram: None where the list of columns is long, but for the first ones.
    """

    column: str
    kind: Literal["number", "category"]
    state: State
    moved: bool
    said: str
    effects: tuple[Effect, ...] = ()
    total_variation: float | None = None
    p_value_holm: float | None = None
    rows: int = 0
    rows_reference: int = 0
    missing_share: float | None = None
    missing_share_reference: float | None = None
    misfits: int = 0
    quantiles: tuple[float, ...] = ()
    quantiles_reference: tuple[float, ...] = ()
    new_levels: tuple[str, ...] = ()
    histogram: Histogram | None = None

    @property
    def strength(self) -> float:
        """How many times its floor the greatest tested effect is; what columns are ranked by."""
        return max(
            (abs(e.effect) / e.floor for e in self.effects if e.effect is not None and e.p_value is not None),
            default=0.0,
        )

    def figure(self, statistic: str) -> float | None:
        """What a statistic shows of the column; None where it does not apply."""
        for effect in self.effects:
            if effect.statistic == statistic:
                return effect.effect if effect.figure is None else effect.figure
        return None


class PairFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One pair of columns: correlations by signs, before and now."""

    first: str
    second: str
    moved: bool
    correlation: float | None
    correlation_reference: float | None
    p_value_holm: float | None
    floor: float


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """One window against the reference.

    Attributes:
        outcome: Warn where anything is to be coloured; unknown where too little is known; never fail.
        reason: In one sentence.
        columns: Those to be coloured first, then by the strength of their effects.
        pairs: The same of pairs.
        rows, rows_reference: Rows of the window and of the reference.
        alpha: Chance of colouring anything though nothing changed.
        questions: Tests that alpha was divided over.
        all_pairs: Whether every pair of numbers was looked at; False where only the strongest thousand were.
        rows_alike: Whether rows of a block were found to be alike, so that tests count them as fewer.
        format_version: Of this struct.
    """

    outcome: Outcome
    reason: str
    columns: tuple[ColumnFinding, ...] = ()
    pairs: tuple[PairFinding, ...] = ()
    rows: int = 0
    rows_reference: int = 0
    alpha: float = 0.01
    questions: int = 0
    all_pairs: bool = True
    rows_alike: bool = False
    format_version: int = 1

    @property
    def moved(self) -> tuple[str, ...]:
        """Names of the columns and pairs to be coloured."""
        return tuple(c.column for c in self.columns if c.moved) + tuple(
            f"{p.first} ~ {p.second}" for p in self.pairs if p.moved
        )
