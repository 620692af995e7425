"""Which judge answers for which kind of rule. A new kind of rule adds a line."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loopwright.app.monitor.judges.drift import DriftJudge
from loopwright.app.monitor.judges.judge import Judge
from loopwright.app.monitor.judges.performance import PerformanceJudge
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.rule import MonitorRule

JUDGES: Mapping[type[MonitorRule], Judge[Any]] = MappingProxyType(
    {
        DriftRule: DriftJudge(),
        PerformanceRule: PerformanceJudge(),
    }
)
