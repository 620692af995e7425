"""Which judge answers for which kind of rule. A new kind of rule adds a line."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loopwright.app.monitor.judges.concept import ConceptJudge
from loopwright.app.monitor.judges.drift import DriftJudge
from loopwright.app.monitor.judges.estimated_performance import EstimatedPerformanceJudge
from loopwright.app.monitor.judges.judge import Judge
from loopwright.app.monitor.judges.measured import MeasuredJudge
from loopwright.app.monitor.judges.performance import PerformanceJudge
from loopwright.app.monitor.judges.reevaluation import ReevaluationJudge
from loopwright.app.monitor.judges.row_windows import RowWindowsJudge
from loopwright.monitoring.rules.behaviour import BehaviourRule
from loopwright.monitoring.rules.business_metric import BusinessMetricRule
from loopwright.monitoring.rules.concept_drift import ConceptDriftRule
from loopwright.monitoring.rules.confidence_drift import ConfidenceDriftRule
from loopwright.monitoring.rules.data_quality import DataQualityRule
from loopwright.monitoring.rules.drift import DriftRule
from loopwright.monitoring.rules.embedding_drift import EmbeddingDriftRule
from loopwright.monitoring.rules.error_rate import ErrorRateRule
from loopwright.monitoring.rules.estimated_performance import EstimatedPerformanceRule
from loopwright.monitoring.rules.freshness import FreshnessRule
from loopwright.monitoring.rules.latency import LatencyRule
from loopwright.monitoring.rules.performance import PerformanceRule
from loopwright.monitoring.rules.reevaluation import ReevaluationRule
from loopwright.monitoring.rules.resources import ResourcesRule
from loopwright.monitoring.rules.rows_drift import RowsDriftRule
from loopwright.monitoring.rules.rule import MonitorRule
from loopwright.monitoring.rules.staleness import StalenessRule
from loopwright.monitoring.rules.target_drift import TargetDriftRule
from loopwright.monitoring.rules.text_drift import TextDriftRule
from loopwright.monitoring.rules.volume import VolumeRule

JUDGES: Mapping[type[MonitorRule], Judge[Any]] = MappingProxyType(
    {
        BehaviourRule: MeasuredJudge(),
        BusinessMetricRule: MeasuredJudge(),
        ConceptDriftRule: ConceptJudge(),
        ConfidenceDriftRule: RowWindowsJudge(),
        DataQualityRule: MeasuredJudge(),
        DriftRule: DriftJudge(),
        EmbeddingDriftRule: RowWindowsJudge(),
        ErrorRateRule: MeasuredJudge(),
        EstimatedPerformanceRule: EstimatedPerformanceJudge(),
        FreshnessRule: MeasuredJudge(),
        LatencyRule: MeasuredJudge(),
        PerformanceRule: PerformanceJudge(),
        ReevaluationRule: ReevaluationJudge(),
        ResourcesRule: MeasuredJudge(),
        RowsDriftRule: RowWindowsJudge(),
        StalenessRule: MeasuredJudge(),
        TargetDriftRule: RowWindowsJudge(),
        TextDriftRule: RowWindowsJudge(),
        VolumeRule: MeasuredJudge(),
    }
)
