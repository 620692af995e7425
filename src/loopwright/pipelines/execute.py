"""`apply`: runs a plan. Every finished step is one ledger commit, so a run that is killed goes on where it was."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from loopwright.core.clock import SECOND, Clock
from loopwright.core.events import Event, EventDraft
from loopwright.core.hashing import Digest, digest_bytes
from loopwright.core.ids import IdSource
from loopwright.errors import ConflictError, LoopwrightError, StepFailedError
from loopwright.formats.value import put_value
from loopwright.pipelines.arguments import Argument, Given, Wire, replaced
from loopwright.pipelines.cache import LedgerCache, record_of
from loopwright.pipelines.checkpoint import forget, forget_old
from loopwright.pipelines.environment import environment_of
from loopwright.pipelines.fingerprint import Fingerprint
from loopwright.pipelines.graph import Graph, Node
from loopwright.pipelines.identify import Identities, Source, loader
from loopwright.pipelines.plan import NodePlan, Plan, StepResult, fingerprint_of
from loopwright.pipelines.progress import OnProgress, Progress, silent
from loopwright.pipelines.runners.failure import source_changed
from loopwright.pipelines.runners.spawned import core_count
from loopwright.pipelines.task import Result, Runner, Task
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger, Record
from loopwright.store.trees import put_tree

RUN_KIND = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbench:
    """What a run works with.

    Attributes:
        blobs, ledger: Where values and results go.
        clock, ids: Time and new names.
        in_process, isolated: Runners of steps that share this process, and of those that do not.
        sources: Loader by kind of source.
        variables: Environment variables of this process; steps get those that the pipeline declares.
        on_progress: Told of every step.
        actor, caused_by, namespace: What the events of the run say.
        checkpoints: Where steps keep their progress; None: nowhere.
    """

    blobs: Blobs
    ledger: Ledger
    clock: Clock
    ids: IdSource
    in_process: Runner
    isolated: Runner
    sources: Mapping[str, Source] = field(default_factory=dict)
    variables: Mapping[str, str] = field(default_factory=dict)
    on_progress: OnProgress = silent
    actor: str = "system"
    caused_by: tuple[int, ...] = ()
    namespace: str = "default"
    checkpoints: Path | None = None


class StepOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one node in one run."""

    step: str
    action: Literal["ran", "reused"]
    fingerprint: Fingerprint
    outputs: tuple[Digest, ...]
    duration_us: int = 0
    seed: int | None = None
    threads: int | None = None
    event: int = 0


class RunResult(msgspec.Struct, frozen=True, kw_only=True):
    """A finished run.

    Attributes:
        run: Its id.
        results: Digest of each of the pipeline's results, by name.
        steps: Every node's outcome, in order.
        source: Tree of the first-party files.
        environment: Value of the environment it ran in.
        events: The `seq` of `run_started` and `run_finished`.
    """

    run: str
    results: dict[str, Digest]
    steps: tuple[StepOutcome, ...]
    source: Digest
    environment: Digest
    events: tuple[int, int]

    @property
    def ran(self) -> tuple[str, ...]:
        """The steps that were run, not reused."""
        return tuple(step.step for step in self.steps if step.action == "ran")


def apply(planned: Plan, identities: Identities, bench: Workbench) -> RunResult:
    """Run a plan.

    A step that needs results of steps that ran is looked up once more: where its inputs came out as before, or another
    run has finished it meanwhile, its stored result is used. Nothing is lost by a kill: finished steps are reused.

    Args:
        planned: What to do.
        identities: What the plan was made from.
        bench: What to do it with.

    Raises:
        StepFailedError: A step failed; later steps did not run, and `context["run"]` names the run.
        ConflictError: Data landed between the plan and the loading of a source.
        LoopwrightError: As the sources, formats and stores say.
    """
    return _Run(planned, identities, bench).go()


class _Run:
    """One run under way."""

    def __init__(self, planned: Plan, identities: Identities, bench: Workbench) -> None:
        self.plan = planned
        self.graph: Graph = planned.graph
        self.identities = identities
        self.bench = bench
        self.cache = LedgerCache(bench.ledger, bench.blobs)
        self.id = bench.ids("run")
        self.source = ""
        self.environment = ""
        self.started = 0
        self.outcomes: dict[str, StepOutcome] = {}

    def go(self) -> RunResult:
        if self.bench.checkpoints is not None:
            forget_old(self.bench.checkpoints, now_s=self.bench.clock.now() / SECOND)
        self.source = put_tree(self.bench.blobs, self._source_texts())
        self.environment = put_value(self.bench.blobs, msgspec.to_builtins(environment_of()))
        self.started = self._commit_run("run_started", "running").seq
        by_name = {node.name: node for node in self.plan.nodes}
        for index, node in enumerate(self.graph.nodes):
            try:
                self.outcomes[node.name] = self._outcome(node, by_name[node.name], index)
            except Exception as error:
                self._record_failure(node, index, error)
                raise
        finished = self._commit_run("run_finished", "finished", **self._summary())
        return RunResult(
            run=self.id,
            results=self._results(),
            steps=tuple(self.outcomes.values()),
            source=self.source,
            environment=self.environment,
            events=(self.started, finished.seq),
        )

    def _source_texts(self) -> dict[str, bytes]:
        texts: dict[str, bytes] = {}
        for file in self.identities.files:
            data = Path(file.file).read_bytes()
            if digest_bytes(data) != file.digest:
                raise source_changed(self.graph.pipeline, file.file).error()
            texts[file.path] = data
        return texts

    def _outcome(self, node: Node, planned: NodePlan, index: int) -> StepOutcome:
        identity = self.identities.nodes[node.name]
        fingerprint = fingerprint_of(self.graph, node, identity=identity, finished=self.outcomes)
        if not identity.unknown:
            known = self.cache.result(fingerprint.digest)
            if known is not None and all(self.cache.stored(digest) for digest in known.outputs):
                self._tell("reused", node, index)
                return StepOutcome(step=node.name, action="reused", fingerprint=fingerprint, outputs=known.outputs)
        self._tell("started", node, index)
        task = None if node.source else self._task(node, fingerprint)
        result = self._loaded(node) if task is None else self._tried(node, task, isolated=planned.isolated, index=index)
        outcome = self._keep(node, fingerprint, result, task=task)
        self._tell("finished", node, index, duration_us=result.duration_us)
        return outcome

    def _loaded(self, node: Node) -> Result:
        source, spec = loader(self.bench.sources, node), node.source.spec if node.source else None
        before = self.bench.clock.monotonic()
        value = source.load(spec)
        duration_us = int((self.bench.clock.monotonic() - before) * 1_000_000)
        if source.probe(spec) != self.identities.probes[node.name]:
            raise ConflictError(
                f"the data of {node.name} changed while it was loaded",
                why="something landed since the plan was made",
                fix="Run again; the plan is made anew.",
            )
        return Result(outputs=(put_value(self.bench.blobs, value),), duration_us=duration_us)

    def _task(self, node: Node, fingerprint: Fingerprint) -> Task:
        options, identity = node.options, fingerprint.identity
        return Task(
            step=node.name,
            entry=node.entry,
            source=self.source,
            environment=self.environment,
            outputs=node.outputs,
            arguments={name: replaced(argument, self._given) for name, argument in node.arguments.items()},
            seed=fingerprint.seed if options.seed is None else options.seed,
            threads=options.threads or core_count(),
            numeric=len(identity.environment) > len(self.graph.variables) + 2,
            trust_pickle=options.trust_pickle,
            variables={n: self.bench.variables[n] for n in self.graph.variables if n in self.bench.variables},
            checkpoint=str(self.bench.checkpoints / fingerprint.digest) if self.bench.checkpoints else "",
        )

    def _given(self, leaf: Argument) -> Argument:
        if not isinstance(leaf, Wire):
            return leaf
        trusted = self.graph.node(leaf.node).options.trust_pickle
        return Given(digest=self.outcomes[leaf.node].outputs[leaf.output], trust_pickle=trusted)

    def _tried(self, node: Node, task: Task, *, isolated: bool, index: int) -> Result:
        runner = self.bench.isolated if isolated else self.bench.in_process
        for _ in range(node.options.retries):
            try:
                return runner.run(task)
            except StepFailedError as error:
                self._commit(EventDraft(kind="step_retried", subject=self.subject, data=_cause_of(node, error)))
                self._tell("retried", node, index)
        return runner.run(task)

    def _keep(self, node: Node, fingerprint: Fingerprint, result: Result, *, task: Task | None) -> StepOutcome:
        """One commit: the result under its fingerprint, and the event."""
        seed, threads = (task.seed, task.threads) if task else (0, 0)
        kept = StepResult(
            pipeline=self.graph.pipeline,
            step=node.name,
            outputs=result.outputs,
            fingerprint=fingerprint,
            run=self.id,
            seed=seed,
            threads=threads,
            isolated=self.graph.isolated(node),
            duration_us=result.duration_us,
            at=self.bench.clock.now(),
        )
        data = {
            "step": node.name,
            "fingerprint": fingerprint.digest,
            "outputs": list(result.outputs),
            "seed": seed,
            "threads": threads,
            "duration_us": result.duration_us,
        }
        event = self._commit(EventDraft(kind="step_finished", subject=self.subject, data=data), record_of(kept))
        forget(task.checkpoint if task else "")
        return StepOutcome(
            step=node.name,
            action="ran",
            fingerprint=fingerprint,
            outputs=result.outputs,
            seed=seed,
            threads=threads,
            duration_us=result.duration_us,
            event=event.seq,
        )

    # -- the ledger -----------------------------------------------------------------------------------------------

    @property
    def subject(self) -> str:
        return f"run:{self.id}"

    def _commit(self, draft: EventDraft, *records: Record) -> Event:
        caused_by = draft.caused_by or ((self.started,) if self.started else self.bench.caused_by)
        completed = msgspec.structs.replace(
            draft,
            caused_by=caused_by,
            actor=self.bench.actor,
            namespace=self.bench.namespace,
            logical_at=self.bench.clock.now(),
        )
        return self.bench.ledger.commit(records=records, events=[completed], durability="normal")[0]

    def _commit_run(self, kind: str, status: str, **more: Any) -> Event:
        data = {
            "pipeline": self.graph.pipeline,
            "parameters": self.graph.parameters,
            "status": status,
            "source": self.source,
            "environment": self.environment,
            "started": self.started,
            **more,
        }
        record = Record(
            kind=RUN_KIND,
            id=self.id,
            data=data,
            facets={"pipeline": self.graph.pipeline, "status": status},
            at=self.bench.clock.now(),
        )
        made = [outcome.event for outcome in self.outcomes.values() if outcome.event]
        causes = (self.started, *made) if self.started else ()
        said = {"pipeline": self.graph.pipeline, "status": status, "graph": self.graph.digest, **more}
        return self._commit(EventDraft(kind=kind, subject=self.subject, data=said, caused_by=causes), record)

    def _summary(self) -> dict[str, Any]:
        steps = {
            made.step: {"action": made.action, "fingerprint": made.fingerprint.digest, "outputs": list(made.outputs)}
            for made in self.outcomes.values()
        }
        return {"steps": steps, "results": self._results()}

    def _results(self) -> dict[str, Digest]:
        return {name: self.outcomes[wire.node].outputs[wire.output] for name, wire in self.graph.results.items()}

    def _record_failure(self, node: Node, index: int, error: Exception) -> None:
        """The failure in the journal: its kind and place, not its message, which may hold the user's data."""
        if isinstance(error, LoopwrightError):
            error.context["run"] = self.id
        failed = self._commit(EventDraft(kind="step_failed", subject=self.subject, data=_cause_of(node, error)))
        self._commit_run("run_finished", "failed", failed=node.name, step_failed=failed.seq)
        self._tell("failed", node, index)

    def _tell(self, kind: Any, node: Node, index: int, *, duration_us: int = 0) -> None:
        total = len(self.graph.nodes)
        self.bench.on_progress(Progress(kind=kind, step=node.name, index=index, total=total, duration_us=duration_us))


def _cause_of(node: Node, error: Exception) -> dict[str, Any]:
    context = error.context if isinstance(error, LoopwrightError) else {}
    code = error.code if isinstance(error, LoopwrightError) else ""
    frames = context.get("frames") or []
    return {
        "step": node.name,
        "cause": str(context.get("cause") or type(error).__name__),
        "code": code,
        "at": frames[-1] if isinstance(frames, list) and frames else "",
    }
