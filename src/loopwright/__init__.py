"""Loopwright: the whole machine-learning loop in one Python file.

The public API. Every name is loaded on first use, so that `import loopwright` costs next to nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from loopwright import evals as evals
    from loopwright import llm as llm
    from loopwright import watch as watch
    from loopwright.app.champion_model import champion_model
    from loopwright.app.cron import cron
    from loopwright.app.loop import Loop
    from loopwright.app.retraining.retraining import Retraining
    from loopwright.app.retraining.triggers import on_alert, on_code_change, on_labels, on_new_data
    from loopwright.app.retraining.window import decayed, growing, since_change_point, sliding
    from loopwright.app.score import Score
    from loopwright.app.training_set import training_set
    from loopwright.core.schema import Signature
    from loopwright.core.verdict import Outcome, Verdict
    from loopwright.data.dataset import Dataset
    from loopwright.errors import LoopwrightError
    from loopwright.features.view import FeatureView, count, deviation, last, maximum, mean, minimum, total
    from loopwright.formats.ensembles import Cascade, Ensemble, Stack
    from loopwright.formats.training_set import TrainingSet
    from loopwright.gates.behaviour import invariant_to, monotonic
    from loopwright.gates.builtin import at_least, at_most, not_worse_than_champion
    from loopwright.gates.fairness import fair
    from loopwright.gates.slices import every_slice
    from loopwright.monitoring.rules.drift import drift
    from loopwright.monitoring.rules.performance import performance
    from loopwright.monitoring.rules.reevaluation import reevaluate
    from loopwright.pipelines.checkpoint import checkpoint_folder
    from loopwright.pipelines.pipeline import Candidate, pipeline
    from loopwright.pipelines.step import step
    from loopwright.release.freeze import Freeze
    from loopwright.release.routing import Cohort
    from loopwright.release.rules import (
        error_guard,
        estimate_guard,
        guard,
        latency_guard,
        metric_guard,
        output_guard,
        quality_guard,
        ranking_guard,
    )
    from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow
    from loopwright.serving.predictor import Columns, predict, score_columns
    from loopwright.version import VERSION as __version__  # noqa: N811 - the name that Python's tools look for

_ROOMS = ("evals", "llm", "watch")
_HOMES = {
    "ABTest": "loopwright.release.strategy",
    "Bandit": "loopwright.release.strategy",
    "BlueGreen": "loopwright.release.strategy",
    "Canary": "loopwright.release.strategy",
    "Candidate": "loopwright.pipelines.pipeline",
    "Cascade": "loopwright.formats.ensembles",
    "Cohort": "loopwright.release.routing",
    "Columns": "loopwright.serving.predictor",
    "Dataset": "loopwright.data.dataset",
    "Ensemble": "loopwright.formats.ensembles",
    "FeatureView": "loopwright.features.view",
    "Freeze": "loopwright.release.freeze",
    "Loop": "loopwright.app.loop",
    "LoopwrightError": "loopwright.errors",
    "Outcome": "loopwright.core.verdict",
    "Retraining": "loopwright.app.retraining.retraining",
    "Score": "loopwright.app.score",
    "Shadow": "loopwright.release.strategy",
    "Signature": "loopwright.core.schema",
    "Stack": "loopwright.formats.ensembles",
    "TrainingSet": "loopwright.formats.training_set",
    "Verdict": "loopwright.core.verdict",
    "at_least": "loopwright.gates.builtin",
    "at_most": "loopwright.gates.builtin",
    "champion_model": "loopwright.app.champion_model",
    "checkpoint_folder": "loopwright.pipelines.checkpoint",
    "count": "loopwright.features.view",
    "cron": "loopwright.app.cron",
    "decayed": "loopwright.app.retraining.window",
    "deviation": "loopwright.features.view",
    "drift": "loopwright.monitoring.rules.drift",
    "error_guard": "loopwright.release.rules",
    "estimate_guard": "loopwright.release.rules",
    "every_slice": "loopwright.gates.slices",
    "fair": "loopwright.gates.fairness",
    "growing": "loopwright.app.retraining.window",
    "guard": "loopwright.release.rules",
    "invariant_to": "loopwright.gates.behaviour",
    "last": "loopwright.features.view",
    "latency_guard": "loopwright.release.rules",
    "maximum": "loopwright.features.view",
    "mean": "loopwright.features.view",
    "metric_guard": "loopwright.release.rules",
    "minimum": "loopwright.features.view",
    "monotonic": "loopwright.gates.behaviour",
    "not_worse_than_champion": "loopwright.gates.builtin",
    "on_alert": "loopwright.app.retraining.triggers",
    "on_code_change": "loopwright.app.retraining.triggers",
    "on_labels": "loopwright.app.retraining.triggers",
    "on_new_data": "loopwright.app.retraining.triggers",
    "output_guard": "loopwright.release.rules",
    "performance": "loopwright.monitoring.rules.performance",
    "pipeline": "loopwright.pipelines.pipeline",
    "predict": "loopwright.serving.predictor",
    "quality_guard": "loopwright.release.rules",
    "ranking_guard": "loopwright.release.rules",
    "reevaluate": "loopwright.monitoring.rules.reevaluation",
    "score_columns": "loopwright.serving.predictor",
    "since_change_point": "loopwright.app.retraining.window",
    "sliding": "loopwright.app.retraining.window",
    "step": "loopwright.pipelines.step",
    "total": "loopwright.features.view",
    "training_set": "loopwright.app.training_set",
}

__all__ = [
    "ABTest",
    "Bandit",
    "BlueGreen",
    "Canary",
    "Candidate",
    "Cascade",
    "Cohort",
    "Columns",
    "Dataset",
    "Ensemble",
    "FeatureView",
    "Freeze",
    "Loop",
    "LoopwrightError",
    "Outcome",
    "Retraining",
    "Score",
    "Shadow",
    "Signature",
    "Stack",
    "TrainingSet",
    "Verdict",
    "__version__",
    "at_least",
    "at_most",
    "champion_model",
    "checkpoint_folder",
    "count",
    "cron",
    "decayed",
    "deviation",
    "drift",
    "error_guard",
    "estimate_guard",
    "every_slice",
    "fair",
    "growing",
    "guard",
    "invariant_to",
    "last",
    "latency_guard",
    "maximum",
    "mean",
    "metric_guard",
    "minimum",
    "monotonic",
    "not_worse_than_champion",
    "on_alert",
    "on_code_change",
    "on_labels",
    "on_new_data",
    "output_guard",
    "performance",
    "pipeline",
    "predict",
    "quality_guard",
    "ranking_guard",
    "reevaluate",
    "score_columns",
    "since_change_point",
    "sliding",
    "step",
    "total",
    "training_set",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"loopwright.{name}")
    if name == "__version__":
        return import_module("loopwright.version").VERSION
    if name not in _HOMES:
        raise AttributeError(f"module 'loopwright' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
