"""`plan` and `run`: from what changed to a judged candidate. This half is light; what judges is reached by name."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import msgspec

from loopwright.app.entry import entry
from loopwright.app.landing import Waiting, land_all
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.loop_run import Judged, LoopRun, Override
from loopwright.app.retraining.changed import changed_at
from loopwright.app.retraining.window import pinned
from loopwright.app.workspace import Workspace
from loopwright.core.environment import variables
from loopwright.errors import UsageError
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.execute import RunResult, Workbench, apply
from loopwright.pipelines.graph import Graph
from loopwright.pipelines.identify import Identities, Source, identify
from loopwright.pipelines.lint import require_sound
from loopwright.pipelines.pipeline import Pipeline
from loopwright.pipelines.plan import Plan, plan
from loopwright.pipelines.progress import OnProgress, silent
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.runners.spawned import SpawnedRunner

SOURCES = {
    "training_set": "loopwright.app.training_set:TrainingSets",
    "champion_model": "loopwright.app.champion_model:ChampionModels",
}
JUDGE = "loopwright.app.judge:judge"
JUDGE_APPLICATION = "loopwright.app.applications.judging:judge_application"


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A plan and what it was made from."""

    plan: Plan
    identities: Identities
    sources: dict[str, Any]


def plan_loop(
    workspace: Workspace,
    loaded: LoadedLoop,
    parameters: Mapping[str, Any] | None = None,
    *,
    waiting: Mapping[str, Waiting] | None = None,
) -> Planned:
    """Say which steps would run, and why, against what has landed so far.

    Args:
        workspace: The project's workspace.
        loaded: The loop file.
        parameters: Values for the pipeline's parameters.
        waiting: What a run would land first; the plan then counts those datasets as changed.

    Raises:
        UsageError, GraphError: The pipeline is not one.
    """
    graph = graph_of(loaded, parameters)
    require_sound(graph)
    sources = _sources(workspace, loaded, graph, waiting=waiting or {})
    identities = identify(graph, sources=sources, variables=variables())
    cache = LedgerCache(workspace.stores.ledger, workspace.stores.blobs)
    return Planned(plan=plan(graph, identities.nodes, cache), identities=identities, sources=sources)


def run_loop(
    workspace: Workspace,
    loaded: LoadedLoop,
    *,
    parameters: Mapping[str, Any] | None = None,
    override: Override | None = None,
    on_progress: OnProgress = silent,
    caused_by: tuple[int, ...] = (),
) -> LoopRun:
    """Land what is new, run what changed, and judge the candidate.

    Args:
        workspace: The project's workspace.
        loaded: The loop file.
        parameters: Values for the pipeline's parameters.
        override: Lets a candidate that did not pass into canary; recorded with its reason and the failed checks.
        on_progress: Told of every step.
        caused_by: Events that led to this run.

    Raises:
        DataRefusedError: A landing broke its contract.
        StepFailedError: A step failed.
        GateFailedError, NoVerdictError: The candidate did not pass.
    """
    _, done = run_with_plan(
        workspace,
        loaded,
        parameters=parameters,
        override=override,
        on_progress=on_progress,
        caused_by=caused_by,
    )
    return done


def run_with_plan(
    workspace: Workspace,
    loaded: LoadedLoop,
    *,
    parameters: Mapping[str, Any] | None = None,
    override: Override | None = None,
    on_progress: OnProgress = silent,
    caused_by: tuple[int, ...] = (),
) -> tuple[Planned, LoopRun]:
    """As `run_loop`, with the plan that was run."""
    graph = graph_of(loaded, parameters)
    spawned = SpawnedRunner(
        blobs=workspace.home / "blobs",
        project=loaded.project,
        search_path=_search_path(loaded),
        modules=(graph.module,),
    )
    with closing(spawned):
        if any(graph.isolated(node) for node in graph.nodes):
            spawned.start()  # it imports the user's libraries while data lands here
        landed = land_all(workspace, loaded.datasets)
        planned = plan_loop(workspace, loaded, parameters)
        bench = Workbench(
            blobs=workspace.stores.blobs,
            ledger=workspace.stores.ledger,
            clock=workspace.clock,
            ids=workspace.ids,
            in_process=InProcessRunner(workspace.stores.blobs, clock=workspace.clock),
            isolated=spawned,
            sources=planned.sources,
            variables=variables(),
            on_progress=on_progress,
            actor=workspace.actor,
            caused_by=(*caused_by, *landed),
            namespace=workspace.namespace,
            checkpoints=workspace.home / "checkpoints",
        )
        done = apply(planned.plan, planned.identities, bench)
    judged = _judged(workspace, loaded, planned, done=done, override=override)
    return planned, _result(done, landed, judged)


def _judged(
    workspace: Workspace, loaded: LoadedLoop, planned: Planned, *, done: RunResult, override: Override | None
) -> Judged | None:
    """What became of the run's candidate; None where it made none."""
    journey = JUDGE_APPLICATION if loaded.loop.application is not None else JUDGE
    if loaded.loop.application is None and not planned.plan.graph.candidate:
        return None
    judged: Judged = entry(journey)(workspace, loaded, planned, done=done, override=override)
    return judged


def _result(done: RunResult, landed: tuple[int, ...], judged: Judged | None) -> LoopRun:
    reused = tuple(step.step for step in done.steps if step.action == "reused")
    return LoopRun(
        run=done.run,
        ran=done.ran,
        reused=reused,
        results=done.results,
        landed=landed,
        judged=judged,
        events=(*landed, *done.events, *(judged.events if judged else ())),
    )


def graph_of(loaded: LoadedLoop, parameters: Mapping[str, Any] | None) -> Graph:
    """The loop's pipeline, traced.

    Raises:
        UsageError, GraphError: It is no pipeline, or describes no graph.
    """
    pipeline = loaded.loop.pipeline
    if pipeline is None:  # an application that nothing is trained for
        return Graph(pipeline=loaded.loop.name, module=loaded.module.__name__, parameters={}, nodes=(), results={})
    if not isinstance(pipeline, Pipeline):
        raise UsageError(
            f"the loop {loaded.loop.name!r} has a pipeline that is not one",
            why=f"it is a {type(pipeline).__name__}",
            fix="Decorate the function with @lw.pipeline.",
        )
    graph = pipeline.trace(parameters)
    if graph.candidate and loaded.loop.application is not None:
        raise UsageError(
            f"the pipeline of {loaded.loop.name!r} returns a candidate, and the loop has an application",
            why="the application is the candidate",
            fix='Return parts of its bundle by name, as `return {"adapter": adapter}`.',
        )
    return graph


def _sources(
    workspace: Workspace, loaded: LoadedLoop, graph: Graph, *, waiting: Mapping[str, Waiting]
) -> dict[str, Source]:
    kinds = {node.source.kind for node in graph.nodes if node.source is not None}
    name = loaded.loop.name
    window = pinned(loaded.loop.retraining.window, changed_at=changed_at(workspace, name))
    more: dict[str, dict[str, Any]] = {
        "training_set": {
            "datasets": loaded.datasets,
            "waiting": {dataset: one.digest for dataset, one in waiting.items()},
            "window": window,
        }
    }
    return {
        kind: entry(SOURCES[kind])(workspace=workspace, endpoint=name, **more.get(kind, {}))
        for kind in sorted(kinds & SOURCES.keys())
    }


def _search_path(loaded: LoadedLoop) -> tuple[str, ...]:
    return tuple(dict.fromkeys((str(loaded.path.parent), str(loaded.project))))
