"""All statistics of columns, and what part of alpha each family of questions has."""

from collections.abc import Mapping
from types import MappingProxyType

from loopwright.monitoring.detectors.jensen_shannon import JensenShannon
from loopwright.monitoring.detectors.kolmogorov_smirnov import KolmogorovSmirnov
from loopwright.monitoring.detectors.level_shares import LevelShares
from loopwright.monitoring.detectors.lost_levels import LostLevels
from loopwright.monitoring.detectors.missing_share import MissingShare
from loopwright.monitoring.detectors.new_levels import NewLevels
from loopwright.monitoring.detectors.place import PlaceShift
from loopwright.monitoring.detectors.population_stability import PopulationStability
from loopwright.monitoring.detectors.spread import SpreadShift
from loopwright.monitoring.detectors.statistic import ColumnStatistic, Family
from loopwright.monitoring.detectors.wasserstein import Wasserstein

STATISTICS: tuple[ColumnStatistic, ...] = (
    PlaceShift(),
    SpreadShift(),
    LevelShares(),
    NewLevels(),
    LostLevels(),
    MissingShare(),
    KolmogorovSmirnov(),
    PopulationStability(),
    JensenShannon(),
    Wasserstein(),
)
MEASURES: tuple[str, ...] = tuple(statistic.name for statistic in STATISTICS if statistic.family is None)
"""Figures that may be taken as the effect of a column, in place of the tests' own effects."""
FAMILY_SHARES: Mapping[Family, float] = MappingProxyType(
    {"place": 0.3, "spread": 0.05, "shares": 0.06, "levels": 0.02, "missing": 0.5, "pairs": 0.07}
)
"""Parts of alpha, shared out evenly within a family, so that hundreds of pairs do not drown a dozen columns. Most goes
to what is hardest to see at an effect that matters; a new or a lost level is certain within a few rows. Holm hands what
a family does not use to the others."""
