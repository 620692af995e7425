"""From a run's results to a bundle: the model, and everything that must travel with it."""

import dataclasses
from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.app.observed import plain_row
from loopwright.app.workspace import Workspace
from loopwright.core.codec import canonical, plain
from loopwright.core.hashing import Digest
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet, split_training_set
from loopwright.formats.value import get_value, put_value
from loopwright.monitoring.reference import DAY, build_reference
from loopwright.pipelines.execute import RunResult
from loopwright.pipelines.graph import Graph
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.stats.quality import METRICS

MODEL_ENTRY = "model"


def holdout_of(workspace: Workspace, done: RunResult) -> TrainingSet:
    """The candidate's holdout.

    Raises:
        UsageError: The pipeline handed over something else.
    """
    holdout = get_value(workspace.stores.blobs, done.results["holdout"])
    if not isinstance(holdout, TrainingSet):
        raise UsageError(
            f"the candidate's holdout is a {type(holdout).__name__}",
            why="a gate needs rows, labels and their signature",
            fix="Return lw.Candidate(model, holdout) with the second part of rows.split(...).",
        )
    return holdout


def training_set_node(graph: Graph) -> Any:
    """The one training-set source of the graph, or None where there is none or several."""
    found = [node for node in graph.nodes if node.source is not None and node.source.kind == "training_set"]
    return found[0] if len(found) == 1 else None


def draft_manifest(workspace: Workspace, graph: Graph, done: RunResult, *, holdout: TrainingSet) -> Manifest:
    """The bundle without its reference: enough to load it and let it answer the holdout."""
    node = training_set_node(graph)
    views = node.source.spec["views"] if node is not None and node.source is not None else ()
    parts = {
        "model": done.results["model"],
        "code": done.source,
        "environment": done.environment,
        "features": put_value(workspace.stores.blobs, {"views": [dict(view) for view in views]}),
    }
    if graph.stream:
        parts["stream"] = put_value(workspace.stores.blobs, {"function": graph.stream})
    return Manifest(
        kind="model",
        parts=parts,
        entry=graph.predict or MODEL_ENTRY,
        signature=holdout.signature,
        example=example_of(holdout),
        trust_pickle=graph.node(graph.results["model"].node).options.trust_pickle,
    )


def with_reference(
    workspace: Workspace,
    manifest: Manifest,
    graph: Graph,
    *,
    done: RunResult,
    holdout: TrainingSet,
    scores: np.ndarray,
    metrics: dict[str, float | None],
) -> Manifest:
    """The manifest with what the model's world looked like: all rows it was made from, its answers on the holdout."""
    rows, answers = all_rows(workspace, graph, done, holdout=holdout, scores=scores)
    classes = rows.signature.classes
    label = np.asarray(classes)[rows.label.astype(np.int64)] if classes else rows.label
    reference = build_reference(
        rows.features,
        answers,
        label,
        event_time=event_times(rows),
        signature=rows.signature,
        quality={name: value for name, value in metrics.items() if value is not None},
    )
    digest = put_value(workspace.stores.blobs, plain(canonical(reference)))  # one JSON file, not one for each part
    return msgspec.structs.replace(manifest, parts=manifest.parts | {"reference": digest})


def store(workspace: Workspace, manifest: Manifest) -> Digest:
    """Put the bundle into the blob store; its digest is the version."""
    return put_bundle(workspace.stores.blobs, manifest)


def metrics_of(holdout: TrainingSet, scores: np.ndarray) -> dict[str, float | None]:
    """Every metric of the task on the holdout; None where it is undefined."""
    task, classes = holdout.signature.task, holdout.signature.classes
    label = labels_of(holdout)
    found = {m.name: float(m.function(label, scores, classes)) for m in METRICS.values() if task in m.tasks}
    return {name: value if np.isfinite(value) else None for name, value in found.items()}


def labels_of(rows: TrainingSet) -> np.ndarray:
    """(n_rows,) labels as values of the signature's classes, or numbers for a regression."""
    classes = rows.signature.classes
    return np.asarray(classes)[rows.label.astype(np.int64)] if classes else rows.label


def event_times(rows: TrainingSet) -> np.ndarray | None:
    """(n_rows,) event times in microseconds, where the rows have one."""
    name = rows.signature.event_time
    if name is None or name not in rows.about.columns:
        return None
    column = rows.about[name]
    return column.to_numpy() if column.dtype.is_integer() else column.cast(pl.Datetime("us")).dt.epoch("us").to_numpy()


def days_of(rows: TrainingSet) -> np.ndarray | None:
    """(n_rows,) the day of each row, where the rows have an event time; rows of one day are alike."""
    times = event_times(rows)
    return None if times is None else times // DAY


def example_of(holdout: TrainingSet) -> dict[str, Any]:
    """A row of the holdout as a request, with its joined features: the first whose numbers can all be said in JSON."""
    row = _sayable_row(holdout)
    about = plain_row(holdout.about.row(row, named=True)) if holdout.about.width else {}
    joined = holdout.features.row(row, named=True)
    example = {column.name: about.get(column.name) for column in holdout.signature.request}
    extra = {
        name: None if isinstance(v, float) and np.isnan(v) else v for name, v in joined.items() if name not in example
    }
    return example | extra


def _sayable_row(holdout: TrainingSet) -> int:
    wanted = [column.name for column in holdout.signature.request if column.kind == "float"]
    finite = (
        holdout.about.select(pl.all_horizontal(pl.col(wanted).fill_null(0.0).is_finite()).alias("f"))
        if wanted
        else None
    )
    return int(finite["f"].arg_max() or 0) if finite is not None else 0


def all_rows(
    workspace: Workspace, graph: Graph, done: RunResult, *, holdout: TrainingSet, scores: np.ndarray
) -> tuple[TrainingSet, np.ndarray]:
    """Training and holdout rows together, and the answers: NaN where the model has learned from the row."""
    node, key = training_set_node(graph), holdout.signature.key
    if key is None:
        return _both_parts(workspace, graph, done, holdout=holdout, scores=scores)
    if node is None:
        return holdout, scores
    made = next(step for step in done.steps if step.step == node.name)
    rows: TrainingSet = get_value(workspace.stores.blobs, made.outputs[0])
    held = rows.about[key].is_in(holdout.about[key].implode()).to_numpy()
    if int(held.sum()) != len(holdout):
        return holdout, scores
    answers = np.full((len(rows), *scores.shape[1:]), np.nan)
    answers[held] = scores
    return rows, answers


def _both_parts(
    workspace: Workspace, graph: Graph, done: RunResult, *, holdout: TrainingSet, scores: np.ndarray
) -> tuple[TrainingSet, np.ndarray]:
    """Rows without a key cannot be found again: the holdout, and before it what the same split left to learn from."""
    wire = graph.results["holdout"]
    if not graph.node(wire.node).entry.endswith(f":{split_training_set.__name__}"):
        return holdout, scores
    made = next(step for step in done.steps if step.step == wire.node)
    known: TrainingSet = get_value(workspace.stores.blobs, made.outputs[1 - wire.output])
    rows = dataclasses.replace(
        known,
        features=pl.concat([known.features, holdout.features]),
        about=pl.concat([known.about, holdout.about]),
        label=np.concatenate([known.label, holdout.label]),
        weight=None,
    )
    return rows, np.concatenate([np.full((len(known), *scores.shape[1:]), np.nan), scores])
