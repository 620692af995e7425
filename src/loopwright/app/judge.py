"""Judging a candidate.

It is packaged, the package answers the holdout, the gate speaks, and what follows is recorded.
"""

from typing import Any

import numpy as np

from loopwright.app.champion import first_champion, promote
from loopwright.app.default_answer import declare_default, default_answer
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
from loopwright.app.releases.starting import OVERRIDE_LASTS, start_release
from loopwright.app.row_references import row_rules, with_row_references
from loopwright.app.run import Planned
from loopwright.app.scoring import predict_of, scores_on
from loopwright.app.versions import champion_of, manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome
from loopwright.errors import ApprovalMissingError, GateFailedError, NoVerdictError
from loopwright.formats.training_set import TrainingSet
from loopwright.gates.behaviour import Behaviour
from loopwright.gates.gate import Evidence, GateResult, Predictions, run_gate
from loopwright.pipelines.execute import RunResult
from loopwright.registry.bundle import Manifest
from loopwright.registry.judgement import Judgement, record_judgement
from loopwright.registry.version import Provenance, register_version
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
        self._default = default_answer(loaded.loop.default, self._holdout.signature)
        self._champion = champion_of(workspace, loaded.loop.name)

    def go(self, override: Override | None) -> Judged:
        manifest = draft_manifest(self._workspace, self._graph, self._done, holdout=self._holdout)
        if self._champion is not None and _same_model(manifest, manifest_of(self._workspace, self._champion)):
            return self._unchanged(self._champion)
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
        event = self._record(version, result)
        if not result.passed:
            if override is None:
                raise _refusal(self._loop.name, version, result, why=why)
            return self._overridden(version, result, metrics, event=event, override=override)
        return self._admit(version, result, metrics, causes=(event,))

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

    def _record(self, version: Digest, result: GateResult) -> int:
        judgement = Judgement(
            id=self._workspace.ids("jud"),
            name=self._loop.name,
            candidate=version,
            outcome=result.outcome,
            verdicts=result.verdicts,
            champion=self._champion,
            evidence=self._done.results["holdout"],
            run=self._done.run,
            at=self._workspace.clock.now(),
        )
        return record_judgement(
            self._workspace.stores.ledger,
            judgement,
            caused_by=(self._done.events[1],),
            actor=self._workspace.actor,
            namespace=self._workspace.namespace,
        ).seq

    def _admit(
        self, version: Digest, result: GateResult, metrics: dict[str, float | None], *, causes: tuple[int, ...]
    ) -> Judged:
        number, registered = self._register(version, metrics, causes)
        status, release, moved = self._release(version, registered)
        return Judged(
            version=version,
            number=number,
            outcome=result.outcome,
            verdicts=result.verdicts,
            metrics=metrics,
            status=status,
            release=release,
            events=(*causes, *registered, *moved),
        )

    def _register(
        self, version: Digest, metrics: dict[str, float | None], causes: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...]]:
        registration = register_version(
            self._workspace.stores.ledger,
            name=self._loop.name,
            digest=version,
            provenance=self._provenance(metrics),
            caused_by=causes,
            actor=self._workspace.actor,
            namespace=self._workspace.namespace,
        )
        self._keep_origin(version)
        return registration.version.number, (registration.event.seq,) if registration.event else causes

    def _release(
        self, version: Digest, causes: tuple[int, ...], override: Override | None = None
    ) -> tuple[str, str | None, tuple[int, ...]]:
        if self._champion is None:
            made = first_champion(self._workspace, self._loop, version, default=self._default, caused_by=causes)
            return "champion", None, made
        self._declare(causes)
        if self._loop.release is None and override is None:
            return "promoted", None, promote(self._workspace, self._loop.name, version, caused_by=causes)
        started = start_release(self._workspace, self._loop, version, caused_by=causes, override=override)
        return started.status, started.release, started.events

    def _overridden(
        self, version: Digest, result: GateResult, metrics: dict[str, float | None], *, event: int, override: Override
    ) -> Judged:
        if self._champion is None:
            raise ApprovalMissingError(
                f"the first version of {self._loop.name!r} did not pass its gate",
                why="an override admits to canary only, beside a champion",
                fix="Improve the candidate, or change the gate's rules in the loop file.",
            )
        failed = [verdict.check for verdict in result.verdicts if verdict.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
        now = self._workspace.clock.now()
        expires_at = now + OVERRIDE_LASTS
        data = {"version": version, "reason": override.reason, "failed": failed, "expires_at": expires_at}
        draft = EventDraft(
            kind="override_recorded",
            subject=f"model:{self._loop.name}",
            data=data,
            caused_by=(event,),
            actor=override.actor,
            logical_at=now,
        )
        record = Record(
            kind="override",
            id=self._workspace.ids("ovr"),
            data=data | {"actor": override.actor},
            facets={"version": version},
            at=now,
        )
        written = self._workspace.stores.ledger.commit(records=[record], events=[draft])[0].seq
        number, registered = self._register(version, metrics, (event, written))
        status, release, moved = self._release(version, (*registered, written), override)
        return Judged(
            version=version,
            number=number,
            outcome=result.outcome,
            verdicts=result.verdicts,
            metrics=metrics,
            status=status,
            release=release,
            events=(event, written, *registered, *moved),
        )

    def _declare(self, causes: tuple[int, ...]) -> tuple[int, ...]:
        return declare_default(self._workspace, self._loop.name, self._default, caused_by=causes)

    def _unchanged(self, champion: Digest) -> Judged:
        self._declare((self._done.events[1],))
        return Judged(version=champion, outcome=Outcome.PASS, verdicts=(), metrics={}, status="unchanged")

    def _provenance(self, metrics: dict[str, float | None]) -> Provenance:
        pins = self._pins()
        return Provenance(
            run=self._done.run,
            datasets=pins["versions"] if pins else {},
            parameters=self._graph.parameters,
            code=self._done.source,
            environment=self._done.environment,
            metrics=metrics,
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


def _refusal(name: str, version: Digest, result: GateResult, *, why: str) -> GateFailedError | NoVerdictError:
    wanted = Outcome.FAIL if result.outcome is Outcome.FAIL else Outcome.UNKNOWN
    said = [f"{verdict.check}: {verdict.reason}" for verdict in result.verdicts if verdict.outcome is wanted]
    reasons = "; ".join([*said, why] if why else said)
    context: dict[str, Any] = {
        "version": version,
        "verdicts": [v.check + " " + str(v.outcome) for v in result.verdicts],
    }
    if wanted is Outcome.FAIL:
        return GateFailedError(f"the candidate of {name!r} failed its gate", why=reasons, **context)
    return NoVerdictError(f"the gate of {name!r} came to no verdict", why=reasons, **context)
