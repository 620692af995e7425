"""Judging an application: bundled, evaluated beside the champion, and admitted as its gate says."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from loopwright.app.admission import Admission, Metrics
from loopwright.app.applications.answering_rule import AnswersItsExample
from loopwright.app.applications.bundle import SIGNATURE, IndexPin, manifest_of_application
from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.default_answer import default_answer
from loopwright.app.evaluations.journey import verdict_of
from loopwright.app.evaluations.opened import RouteJudge
from loopwright.app.evaluations.results import keep_result
from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.suspicions import SUSPICIONS
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.loop_run import Judged, Override
from loopwright.app.run import Planned
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError, UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.check import ApplicationEvidence, Evaluation
from loopwright.evals.judges.judge_scorer import bound
from loopwright.evals.kept import KeptAnswers
from loopwright.evals.result import EvaluationResult
from loopwright.evals.run import run_evaluation
from loopwright.formats.value import put_value
from loopwright.gates.gate import GateResult, Rule, run_gate
from loopwright.llm.application import Application
from loopwright.pipelines.execute import RunResult
from loopwright.registry.bundle import put_bundle
from loopwright.registry.version import Provenance
from loopwright.store.ledger import Record

Rules = Sequence[Rule[ApplicationEvidence, None]]
_OF_ROWS = "loopwright.gates."
_MADE = re.compile(r"evaluation\(([^,:]+).*\)")


def judge_application(
    workspace: Workspace, loaded: LoadedLoop, planned: Planned, *, done: RunResult, override: Override | None
) -> Judged:
    """Bundle and judge the loop's application, register it if it passed, and start its release.

    Raises:
        UsageError: The gate holds a rule about rows, or the application names an index that is not declared.
        GateFailedError, NoVerdictError, ApprovalMissingError: As `Admission.follow` says.
    """
    return _Judging(workspace, loaded, planned, done=done).go(override)


class _Judging:
    """One application's way through the gate."""

    def __init__(self, workspace: Workspace, loaded: LoadedLoop, planned: Planned, *, done: RunResult) -> None:
        self._workspace = workspace
        self._loaded = loaded
        self._loop = loaded.loop
        self._planned = planned
        self._done = done
        self._champion = champion_of(workspace, self._loop.name)
        self._index: IndexPin | None = None
        self._rules: Rules = rules_of(tuple(self._loop.gate), loaded.project)

    def go(self, override: Override | None) -> Judged:
        application = self._loop.application
        if application is None:
            raise UsageError(f"the loop {self._loop.name!r} has no application")
        self._index = self._built(application)
        manifest = manifest_of_application(self._workspace, application, index=self._index, made=self._done.results)
        version = put_bundle(self._workspace.stores.blobs, manifest)
        if version == self._champion:
            return self._admission("").unchanged(version)
        result, candidate = asyncio.run(self._judged(version))
        evidence = put_value(
            self._workspace.stores.blobs, {name: one.cases for name, one in sorted(candidate.results.items())}
        )
        return self._admission(evidence).follow(version, result, _figures(candidate.results), override=override)

    def _built(self, application: Application) -> IndexPin | None:
        if application.retrieval is None:
            return None
        name = application.retrieval.index
        index = self._loaded.indexes.get(name)
        if index is None:
            known = ", ".join(sorted(self._loaded.indexes)) or "none"
            raise UsageError(
                f"the application reads the index {name!r}, which the loop file does not declare",
                why=f"declared are: {known}",
                fix=f'Write {name} = lw.llm.Index("{name}", source="…") in the loop file.',
            )
        built = build_index(self._workspace, index, inspection=SUSPICIONS, caused_by=self._done.events)
        return IndexPin(index=name, version=built.version)

    async def _judged(self, version: Digest) -> tuple[GateResult, ApplicationEvidence]:
        async with OpenedApplications(self._workspace, self._loop.name) as opened:
            subject = opened.subject(version)
            example: Answer = await subject.answer({"model": "example", **self._example})
            rules: Rules = (AnswersItsExample(answer=example), *self._rules)
            candidate = await self._evidence(opened, version)
            champion = None if self._champion is None else await self._champions(opened, self._champion)
            result = run_gate(rules, candidate, champion, evidence=None, first=self._champion is None)
        return result, candidate

    @property
    def _example(self) -> Mapping[str, Any]:
        application = self._loop.application
        return {} if application is None else application.example

    async def _evidence(self, opened: OpenedApplications, version: Digest) -> ApplicationEvidence:
        workspace, subject, results = self._workspace, opened.subject(version), {}
        kept = KeptAnswers(workspace.stores.kv, clock=workspace.machine)
        for check in self._rules:
            if not isinstance(check, Evaluation):
                continue
            result = results[check.name] = await run_evaluation(
                subject,
                check.cases(self._loaded.project),
                bound(check.scorers, RouteJudge(opened, workspace)),
                repeats=check.repeats,
                concurrency=check.concurrency,
                kept=kept,
            )
            shown = f"{self._loop.name}@{version[:12]}"
            said = verdict_of(check, result)
            keep_result(workspace, result, evaluation=check.name, subject=shown, verdict=said)
        return ApplicationEvidence(version=version, results=results, retriever=opened.loaded(version).retriever)

    async def _champions(self, opened: OpenedApplications, champion: Digest) -> ApplicationEvidence | None:
        """The champion's, on the same cases; None where it cannot be opened."""
        if not any(rule.compares for rule in self._rules):
            return ApplicationEvidence(version=champion, results={})
        try:
            return await self._evidence(opened, champion)
        except LoopwrightError:  # what compares with it is then unknown, which is no pass
            return None

    def _admission(self, evidence: Digest) -> Admission:
        return Admission(
            workspace=self._workspace,
            loop=self._loop,
            champion=self._champion,
            default=default_answer(self._loop.default, SIGNATURE),
            done=self._done,
            evidence=evidence,
            provenance=self._provenance,
            keep_origin=self._keep_origin,
        )

    def _provenance(self, metrics: Metrics) -> Provenance:
        index = self._index
        return Provenance(
            run=self._done.run,
            datasets={} if index is None else {index.index: index.version},
            parameters=self._planned.plan.graph.parameters,
            code=self._done.source,
            environment=self._done.environment,
            metrics=dict(metrics),
        )

    def _keep_origin(self, version: Digest) -> None:
        data = {
            "pipeline": self._planned.plan.graph.pipeline,
            "module": self._planned.plan.graph.module,
            "parameters": self._planned.plan.graph.parameters,
            "index": None if self._index is None else msgspec.to_builtins(self._index),
            "parts": dict(self._done.results),
        }
        record = Record(kind="origin", id=version, data=data, at=self._workspace.clock.now())
        self._workspace.stores.ledger.commit(records=[record])


def rules_of(gate: Sequence[Any], project: Path) -> Rules:
    """The gate of an application, its files looked for in the project's folder.

    Raises:
        UsageError: One of its rules is about a model's answers to rows.
    """
    for rule in gate:
        if type(rule).__module__.startswith(_OF_ROWS):
            raise UsageError(
                f"the rule {rule.name} is about a model's answers to rows",
                why="an application answers in text",
                fix='Judge it by cases: lw.evals.evaluation("cases/*.jsonl", lw.evals.contains(), at_least=0.8).',
            )
    return tuple(rule.in_project(project) if hasattr(rule, "in_project") else rule for rule in gate)


def _figures(results: Mapping[str, EvaluationResult]) -> dict[str, float | None]:
    """Pass rates by scorer; with the evaluation's name where two of them use one scorer."""
    found: dict[str, float | None] = {}
    names = [summary.scorer for result in results.values() for summary in result.summaries]
    for evaluation, result in results.items():
        for summary in result.summaries:
            several = names.count(summary.scorer) > 1
            found[f"{summary.scorer} ({_short(evaluation)})" if several else summary.scorer] = summary.rate.value
    return found


def _short(evaluation: str) -> str:
    """An evaluation's name without what all have: the name of its file of cases, where it was made of that."""
    named = _MADE.fullmatch(evaluation)
    return Path(named[1]).stem if named else evaluation
