"""Which measure reads the figures of which kind of rule. A new kind of rule on figures adds a line."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from loopwright.app.monitor.measures.behaviour import BehaviourMeasure
from loopwright.app.monitor.measures.business_metric import BusinessMetricMeasure
from loopwright.app.monitor.measures.data_quality import DataQualityMeasure
from loopwright.app.monitor.measures.error_rate import ErrorRateMeasure
from loopwright.app.monitor.measures.freshness import FreshnessMeasure
from loopwright.app.monitor.measures.latency import LatencyMeasure
from loopwright.app.monitor.measures.measure import Measure
from loopwright.app.monitor.measures.resources import ResourcesMeasure
from loopwright.app.monitor.measures.staleness import StalenessMeasure
from loopwright.app.monitor.measures.volume import VolumeMeasure
from loopwright.monitoring.rules.behaviour import BehaviourRule
from loopwright.monitoring.rules.business_metric import BusinessMetricRule
from loopwright.monitoring.rules.data_quality import DataQualityRule
from loopwright.monitoring.rules.error_rate import ErrorRateRule
from loopwright.monitoring.rules.freshness import FreshnessRule
from loopwright.monitoring.rules.latency import LatencyRule
from loopwright.monitoring.rules.measured import MeasuredRule
from loopwright.monitoring.rules.resources import ResourcesRule
from loopwright.monitoring.rules.staleness import StalenessRule
from loopwright.monitoring.rules.volume import VolumeRule

MEASURES: Mapping[type[MeasuredRule], Measure[Any]] = MappingProxyType(
    {
        BehaviourRule: BehaviourMeasure(),
        BusinessMetricRule: BusinessMetricMeasure(),
        DataQualityRule: DataQualityMeasure(),
        ErrorRateRule: ErrorRateMeasure(),
        FreshnessRule: FreshnessMeasure(),
        LatencyRule: LatencyMeasure(),
        ResourcesRule: ResourcesMeasure(),
        StalenessRule: StalenessMeasure(),
        VolumeRule: VolumeMeasure(),
    }
)
