"""Judging a candidate.

It is packaged, the package answers the holdout, the gate speaks, and what follows is recorded.
"""

from typing import Any

import numpy as np

from loopwright.app.admission import Admission, Metrics
from loopwright.app.default_answer import default_answer
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.loop_run import Judged, Override
from loopwright.app.packaging import (
    all_rows,
    days_of,
    draft_manifest,
    event_times,
    holdout_of,
    labels_of,
    metrics_of,
    store,
    training_set_node,
    with_reference,
)
from loopwright.app.promised import promised_figures, with_estimation
from loopwright.app.row_references import row_rules, with_row_references
from loopwright.app.run import Planned
from loopwright.app.scoring import predict_of, scores_on
from loopwright.app.versions import champion_of, manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.formats.training_set import TrainingSet
from loopwright.gates.behaviour import Behaviour
from loopwright.gates.gate import Evidence, GateResult, Predictions, run_gate
from loopwright.pipelines.execute import RunResult
from loopwright.registry.bundle import Manifest
from loopwright.registry.version import Provenance
from loopwright.store.ledger import Record


def judge(
    workspace: Workspace, loaded: LoadedLoop, planned: Planned, *, done: RunResult, override: Override | None
) -> Judged:
    """Package and judge what a run made, register it if it passed, and start its release.

    Raises:
        GateFailedError: A rule failed, and nobody overrode it.
        NoVerdictError: A rule had too little evidence, and nobody overrode it.
        ApprovalMissingError: An override was given where there is no champion to fall back on.
    """
    return _Judging(workspace, loaded, planned, done=done).go(override)


class _Judging:
    """One candidate's way through the gate."""

    def __init__(self, workspace: Workspace, loaded: LoadedLoop, planned: Planned, *, done: RunResult) -> None:
        self._workspace = workspace
        self._loop = loaded.loop
        self._planned = planned
        self._graph = planned.plan.graph
        self._done = done
        self._holdout = holdout_of(workspace, done)
        self._champion = champion_of(workspace, loaded.loop.name)
        self._admission = Admission(
            workspace=workspace,
            loop=loaded.loop,
            champion=self._champion,
            default=default_answer(loaded.loop.default, self._holdout.signature),
            done=done,
            evidence=done.results["holdout"],
            provenance=self._provenance,
            keep_origin=self._keep_origin,
        )

    def go(self, override: Override | None) -> Judged:
        manifest = draft_manifest(self._workspace, self._graph, self._done, holdout=self._holdout)
        if self._champion is not None and _same_model(manifest, manifest_of(self._workspace, self._champion)):
            return self._admission.unchanged(self._champion)
        scores, why = scores_on(self._workspace, store(self._workspace, manifest), manifest, rows=self._holdout)
        answers = scores if scores is not None else _no_answers(self._holdout)
        metrics = metrics_of(self._holdout, answers)
        manifest = with_reference(
            self._workspace,
            manifest,
            self._graph,
            done=self._done,
            holdout=self._holdout,
            scores=answers,
            metrics=metrics | promised_figures(self._loop.monitor, self._holdout, answers),
        )
        manifest = self._with_row_references(manifest, answers)
        rules = self._loop.monitor
        manifest = with_estimation(self._workspace, manifest, rules, holdout=self._holdout, scores=answers)
        version = store(self._workspace, manifest)
        result = self._gate(self._predictions(version, manifest, answers))
        return self._admission.follow(version, result, metrics, why=why, override=override)

    def _with_row_references(self, manifest: Manifest, answers: np.ndarray) -> Manifest:
        """The manifest with samples of rows, where the loop declares rules that need them."""
        rules = row_rules(self._loop.monitor)
        if not rules:
            return manifest
        rows, said = all_rows(self._workspace, self._graph, self._done, holdout=self._holdout, scores=answers)
        times = event_times(rows)
        return with_row_references(
            self._workspace, manifest, rules, rows=rows, answers=said, label=labels_of(rows), event_time=times
        )

    def _predictions(self, version: Digest, manifest: Manifest, answers: np.ndarray) -> Predictions:
        """The candidate's answers, and where a check of behaviour is in the gate a way to ask it more."""
        asks = any(isinstance(check, Behaviour) for check in self._loop.gate)
        return Predictions(scores=answers, predict=predict_of(self._workspace, version, manifest) if asks else None)

    def _gate(self, candidate: Predictions) -> GateResult:
        holdout = self._holdout
        evidence = Evidence(
            task=holdout.signature.task,
            classes=holdout.signature.classes,
            label=labels_of(holdout),
            slices=slices_of(holdout),
            blocks=days_of(holdout),
            features={name: holdout.features[name].to_numpy() for name in holdout.features.columns},
        )
        champion = None
        if self._champion is not None:
            theirs, _ = scores_on(
                self._workspace, self._champion, manifest_of(self._workspace, self._champion), rows=holdout
            )
            champion = Predictions(scores=theirs) if theirs is not None else None
        checks = tuple(self._loop.gate)
        return run_gate(checks, candidate, champion, evidence=evidence, first=self._champion is None)

    def _provenance(self, metrics: Metrics) -> Provenance:
        pins = self._pins()
        return Provenance(
            run=self._done.run,
            datasets=pins["versions"] if pins else {},
            parameters=self._graph.parameters,
            code=self._done.source,
            environment=self._done.environment,
            metrics=dict(metrics),
        )

    def _pins(self) -> dict[str, Any]:
        node = training_set_node(self._graph)
        if node is None:
            return {}
        sets: Any = self._planned.sources["training_set"]
        return dict(sets.pins_of(node.source.spec))

    def _keep_origin(self, version: Digest) -> None:
        """What `reproduce` needs beside the bundle: the pins, the pipeline's parameters, the holdout."""
        data = {
            "pins": self._pins(),
            "parameters": self._graph.parameters,
            "holdout": self._done.results["holdout"],
            "model": self._done.results["model"],
            "pipeline": self._graph.pipeline,
            "module": self._graph.module,
        }
        warm = self._planned.sources.get("champion_model")
        if warm is not None:  # what training went on from
            data["champion_model"] = warm.probe({})
        record = Record(kind="origin", id=version, data=data, at=self._workspace.clock.now())
        self._workspace.stores.ledger.commit(records=[record])


def _same_model(one: Manifest, other: Manifest) -> bool:
    return _what_answers(one) == _what_answers(other)


def _what_answers(manifest: Manifest) -> tuple[Any, ...]:
    """Feature views are part of it; the code is only where it answers itself."""
    parts = manifest.parts
    own = ":" in manifest.entry or "stream" in parts
    code = parts.get("code") if own else None
    return parts["model"], parts.get("features"), manifest.entry, manifest.signature, parts.get("stream"), code


def _no_answers(holdout: TrainingSet) -> np.ndarray:
    shape = (
        (len(holdout), len(holdout.signature.classes)) if holdout.signature.task == "multiclass" else (len(holdout),)
    )
    return np.full(shape, np.nan)


def slices_of(holdout: TrainingSet) -> dict[str, np.ndarray]:
    """(n_rows,) values by column that rules about groups of rows may name."""
    about = holdout.about
    return {
        name: about[name].to_numpy()
        for name, dtype in about.schema.items()
        if not (dtype.is_temporal() or dtype.is_nested())
    }
