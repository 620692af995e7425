"""Which scores of a reference's columns are bet on, with which weight, and how counts become bets.

Three families share the evidence, so that many pairs do not drown few columns: the values of columns (components of
numbers, levels of categories), their missing shares, and the concordance of pairs. A column has the same weight
whatever it holds; of a number the place has half of it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from loopwright.monitoring.reference import LABEL, PREDICTION, ColumnReference, Reference
from loopwright.stats.arrays import Floats, floats
from loopwright.stats.bets import COMPONENTS, Bets, Shares, component_bets, share_bets

_FAMILIES = {"values": 0.6, "missing": 0.2, "pairs": 0.2}
_COMPONENT_WEIGHTS = (1 / 2, 1 / 6, 1 / 6, 1 / 6)


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that is bet on.

    Attributes:
        subject: The column, or the pair as `delay ~ distance`.
        columns: The column or the two columns.
        figure: `place`, `spread`, `skew`, `tails`, `level 3` (a bin), `missing` or `dependence`.
        family: `values`, `missing` or `pairs`.
    """

    subject: str
    columns: tuple[str, ...]
    figure: str
    family: str


class Counted(NamedTuple):
    """Counts of some rows. Counts add up.

    Attributes:
        numbers: (n_numbers, n_bins) without missing values, padded with zeros.
        hits: (n_shares,) rows that have the property.
        rows: (n_shares,) rows that could have it.
    """

    numbers: Floats
    hits: Floats
    rows: Floats

    def plus(self, other: "Counted") -> "Counted":
        """Both together."""
        return Counted(self.numbers + other.numbers, self.hits + other.hits, self.rows + other.rows)

    @property
    def shares(self) -> Shares:
        """The part that is bet on as shares."""
        return Shares(self.hits, self.rows)


class ScoreTable:
    """The scores of a reference, in a fixed order: components of numbers, levels, missing shares, pairs.

    Args:
        reference: The model's.
        columns: Names to watch; all of the reference's when None. A pair is watched when both its columns are.
    """

    def __init__(self, reference: Reference, columns: Sequence[str] | None = None) -> None:
        watched = [c for c in reference.columns if columns is None or c.name in columns]
        names = {column.name for column in watched}
        self._numbers = [c for c in watched if c.bins.ordered]
        self._categories = [c for c in watched if not c.bins.ordered]
        self._features = [c for c in watched if c.name not in (PREDICTION, LABEL)]
        self._pairs = [i for i, pair in enumerate(reference.pairs) if pair.first in names and pair.second in names]
        self._width = max((c.bins.count - 1 for c in self._numbers), default=1)
        self.watched = tuple(column.name for column in watched)
        self.scores = (
            *(_score(c.name, figure) for c in self._numbers for figure in COMPONENTS),
            *(_score(c.name, f"level {level}") for c in self._categories for level in range(c.bins.count - 1)),
            *(_score(c.name, "missing", family="missing") for c in self._features),
            *(
                Score(subject=p.name, columns=(p.first, p.second), figure="dependence", family="pairs")
                for p in (reference.pairs[i] for i in self._pairs)
            ),
        )
        self.weights = self._weights()
        pairs = tuple((pair.concordant, pair.discordant) for pair in reference.pairs)
        self.reference = self.counted({c.name: c.counts for c in watched}, pairs)

    def counted(self, columns: Mapping[str, Sequence[int]], pairs: Sequence[tuple[int, int]] | None) -> Counted:
        """The counts as arrays; what is not given counts nothing.

        Args:
            columns: (n_bins,) by name, the missing bin last.
            pairs: (n_pairs, 2) in the order of the reference's pairs.
        """
        numbers = np.zeros((len(self._numbers), self._width))
        for i, column in enumerate(self._numbers):
            if column.name in columns:
                numbers[i, : column.bins.count - 1] = columns[column.name][:-1]
        levels = [_levels(column, columns.get(column.name)) for column in self._categories]
        missing = [_missing(columns.get(column.name)) for column in self._features]
        concordant = floats(pairs).reshape(-1, 2)[self._pairs] if pairs else np.zeros((len(self._pairs), 2))
        hits = [*(hit for hit, _ in levels), floats([hit for hit, _ in missing]), concordant[:, 0]]
        rows = [*(n for _, n in levels), floats([n for _, n in missing]), concordant.sum(axis=1)]
        return Counted(numbers, np.concatenate(hits), np.concatenate(rows))

    def bets(self, window: Counted, pool: Counted) -> Bets:
        """What the window says of each score; `pool` holds the reference and all windows up to and with this one."""
        parts = (
            component_bets(window.numbers, self.reference.numbers, pool.numbers),
            share_bets(window.shares, self.reference.shares, pool.shares),
        )
        return Bets(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))

    def _weights(self) -> Floats:
        """(n_scores,) adding up to 1."""
        values = 1.0 / max(len(self._numbers) + len(self._categories), 1)
        by_level = [np.full(c.bins.count - 1, values / (c.bins.count - 1)) for c in self._categories]
        families = {
            "values": np.concatenate((np.tile(floats(_COMPONENT_WEIGHTS) * values, len(self._numbers)), *by_level)),
            "missing": np.full(len(self._features), 1.0 / max(len(self._features), 1)),
            "pairs": np.full(len(self._pairs), 1.0 / max(len(self._pairs), 1)),
        }
        weights = np.concatenate([_FAMILIES[name] * part for name, part in families.items()])
        return floats(weights / max(weights.sum(), 1e-12))


def _score(column: str, figure: str, family: str = "values") -> Score:
    return Score(subject=column, columns=(column,), figure=figure, family=family)


def _levels(column: ColumnReference, counts: Sequence[int] | None) -> tuple[Floats, Floats]:
    known = np.zeros(column.bins.count - 1) if counts is None else floats(counts)[:-1]
    return known, np.full(known.size, known.sum())


def _missing(counts: Sequence[int] | None) -> tuple[float, float]:
    return (0.0, 0.0) if counts is None else (float(counts[-1]), float(sum(counts)))
