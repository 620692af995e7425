"""Rules beside `lw.drift()` and `lw.performance()`: `lw.watch.latency(...)`, `lw.watch.volume()` and so on.

Every name is loaded on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.monitoring.rules.behaviour import behaviour
    from loopwright.monitoring.rules.business_metric import business_metric
    from loopwright.monitoring.rules.concept_drift import concept_drift
    from loopwright.monitoring.rules.confidence_drift import confidence_drift
    from loopwright.monitoring.rules.cost import cost
    from loopwright.monitoring.rules.data_quality import data_quality
    from loopwright.monitoring.rules.embedding_drift import embedding_drift
    from loopwright.monitoring.rules.error_rate import error_rate
    from loopwright.monitoring.rules.estimated_performance import estimated_performance
    from loopwright.monitoring.rules.freshness import freshness
    from loopwright.monitoring.rules.latency import latency
    from loopwright.monitoring.rules.resources import resources
    from loopwright.monitoring.rules.rows_drift import rows_drift
    from loopwright.monitoring.rules.staleness import staleness
    from loopwright.monitoring.rules.target_drift import target_drift
    from loopwright.monitoring.rules.text_drift import text_drift
    from loopwright.monitoring.rules.volume import volume

_HOMES = {
    "behaviour": "loopwright.monitoring.rules.behaviour",
    "business_metric": "loopwright.monitoring.rules.business_metric",
    "concept_drift": "loopwright.monitoring.rules.concept_drift",
    "confidence_drift": "loopwright.monitoring.rules.confidence_drift",
    "cost": "loopwright.monitoring.rules.cost",
    "data_quality": "loopwright.monitoring.rules.data_quality",
    "embedding_drift": "loopwright.monitoring.rules.embedding_drift",
    "error_rate": "loopwright.monitoring.rules.error_rate",
    "estimated_performance": "loopwright.monitoring.rules.estimated_performance",
    "freshness": "loopwright.monitoring.rules.freshness",
    "latency": "loopwright.monitoring.rules.latency",
    "resources": "loopwright.monitoring.rules.resources",
    "rows_drift": "loopwright.monitoring.rules.rows_drift",
    "staleness": "loopwright.monitoring.rules.staleness",
    "target_drift": "loopwright.monitoring.rules.target_drift",
    "text_drift": "loopwright.monitoring.rules.text_drift",
    "volume": "loopwright.monitoring.rules.volume",
}

__all__ = [
    "behaviour",
    "business_metric",
    "concept_drift",
    "confidence_drift",
    "cost",
    "data_quality",
    "embedding_drift",
    "error_rate",
    "estimated_performance",
    "freshness",
    "latency",
    "resources",
    "rows_drift",
    "staleness",
    "target_drift",
    "text_drift",
    "volume",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
