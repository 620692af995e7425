"""Loopwright: the whole machine-learning loop in one Python file.

The public API. Every name is loaded on first use, so that `import loopwright` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright.app.loop import Loop, on_alert, on_new_data
    from loopwright.app.training_set import training_set
    from loopwright.core.schema import Signature
    from loopwright.core.verdict import Outcome, Verdict
    from loopwright.data.dataset import Dataset
    from loopwright.errors import LoopwrightError
    from loopwright.features.view import FeatureView, count, deviation, last, maximum, mean, minimum, total
    from loopwright.formats.training_set import TrainingSet
    from loopwright.gates.behaviour import invariant_to, monotonic
    from loopwright.gates.builtin import at_least, at_most, not_worse_than_champion
    from loopwright.gates.fairness import fair
    from loopwright.gates.slices import every_slice
    from loopwright.monitoring.rules import drift, performance
    from loopwright.pipelines.pipeline import Candidate, pipeline
    from loopwright.pipelines.step import step
    from loopwright.release.plan import Canary
    from loopwright.serving.predictor import Columns, predict
    from loopwright.version import VERSION as __version__  # noqa: N811 - the name that Python's tools look for

_HOMES = {
    "Canary": "loopwright.release.plan",
    "Candidate": "loopwright.pipelines.pipeline",
    "Columns": "loopwright.serving.predictor",
    "Dataset": "loopwright.data.dataset",
    "FeatureView": "loopwright.features.view",
    "Loop": "loopwright.app.loop",
    "LoopwrightError": "loopwright.errors",
    "Outcome": "loopwright.core.verdict",
    "Signature": "loopwright.core.schema",
    "TrainingSet": "loopwright.formats.training_set",
    "Verdict": "loopwright.core.verdict",
    "at_least": "loopwright.gates.builtin",
    "at_most": "loopwright.gates.builtin",
    "count": "loopwright.features.view",
    "deviation": "loopwright.features.view",
    "drift": "loopwright.monitoring.rules",
    "every_slice": "loopwright.gates.slices",
    "fair": "loopwright.gates.fairness",
    "invariant_to": "loopwright.gates.behaviour",
    "last": "loopwright.features.view",
    "maximum": "loopwright.features.view",
    "mean": "loopwright.features.view",
    "minimum": "loopwright.features.view",
    "monotonic": "loopwright.gates.behaviour",
    "not_worse_than_champion": "loopwright.gates.builtin",
    "on_alert": "loopwright.app.loop",
    "on_new_data": "loopwright.app.loop",
    "performance": "loopwright.monitoring.rules",
    "pipeline": "loopwright.pipelines.pipeline",
    "predict": "loopwright.serving.predictor",
    "step": "loopwright.pipelines.step",
    "total": "loopwright.features.view",
    "training_set": "loopwright.app.training_set",
}

__all__ = [
    "Canary",
    "Candidate",
    "Columns",
    "Dataset",
    "FeatureView",
    "Loop",
    "LoopwrightError",
    "Outcome",
    "Signature",
    "TrainingSet",
    "Verdict",
    "__version__",
    "at_least",
    "at_most",
    "count",
    "deviation",
    "drift",
    "every_slice",
    "fair",
    "invariant_to",
    "last",
    "maximum",
    "mean",
    "minimum",
    "monotonic",
    "not_worse_than_champion",
    "on_alert",
    "on_new_data",
    "performance",
    "pipeline",
    "predict",
    "step",
    "total",
    "training_set",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("loopwright.version").VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'loopwright' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
