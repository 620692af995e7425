"""The part of `pipeline_driver` that plans and runs."""

import importlib
import sys
from contextlib import closing
from pathlib import Path

from loopwright.core.clock import SystemClock
from loopwright.core.environment import variables
from loopwright.core.ids import random_id
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.execute import Workbench, apply
from loopwright.pipelines.graph import Graph
from loopwright.pipelines.identify import identify
from loopwright.pipelines.imported import record_imports
from loopwright.pipelines.lint import require_sound
from loopwright.pipelines.plan import plan
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.runners.spawned import SpawnedRunner
from loopwright.pipelines.source_files import SourceFile
from loopwright.store.open_stores import create_home, open_stores


def full_run(project: Path, module: str, home: Path) -> tuple[tuple[SourceFile, ...], Graph, tuple[str, ...]]:
    """Plan and apply; returns the source files, the graph and the steps that ran."""
    clock = SystemClock()
    create_home(home, ids=random_id, clock=clock)
    sys.path.insert(0, str(project))
    record_imports()
    spawned = SpawnedRunner(blobs=home / "blobs", project=project, modules=(module,))
    with closing(spawned), closing(open_stores(home, clock=clock, ids=random_id)) as stores:
        if "isolated=False" not in (project / f"{module}.py").read_text():
            spawned.start()  # imports the module while this process does the same
        graph = importlib.import_module(module).fit.trace()
        require_sound(graph)
        identities = identify(graph, sources={}, variables=variables())
        planned = plan(graph, identities.nodes, LedgerCache(stores.ledger, stores.blobs))
        bench = Workbench(
            blobs=stores.blobs,
            ledger=stores.ledger,
            clock=clock,
            ids=random_id,
            in_process=InProcessRunner(stores.blobs, clock=clock),
            isolated=spawned,
            variables=variables(),
        )
        result = apply(planned, identities, bench)
    return identities.files, graph, result.ran
