"""A project folder whose modules a test writes, edits and imports anew, and a bench to run its pipeline on."""

import importlib
import itertools
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.pipelines.cache import LedgerCache
from loopwright.pipelines.execute import RunResult, Workbench, apply
from loopwright.pipelines.identify import Identities, identify
from loopwright.pipelines.lint import require_sound
from loopwright.pipelines.plan import Plan, plan
from loopwright.pipelines.runners.in_process import InProcessRunner
from loopwright.pipelines.runners.spawned import SpawnedRunner
from loopwright.pipelines.task import Runner
from loopwright.store.backends.local_blobs import LocalBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Ledger

_NUMBERS = itertools.count()
HEAD = (
    "from loopwright.pipelines.pipeline import Candidate, pipeline\n"
    "from loopwright.pipelines.step import source, step\n"
)


@dataclass
class Project:
    """Modules by name; `{name}` in a text stands for this project's own name of a module."""

    folder: Path
    number: int = field(default_factory=lambda: next(_NUMBERS))
    texts: dict[str, str] = field(default_factory=dict)

    def name(self, module: str) -> str:
        return f"p{self.number}_{module}"

    def write(self, module: str, text: str, *, head: bool = True) -> None:
        self.texts[module] = (HEAD if head else "") + textwrap.dedent(text)
        self._save(module)

    def edit(self, module: str, old: str, new: str) -> None:
        assert old in self.texts[module], f"{old!r} is not in {module}"
        self.texts[module] = self.texts[module].replace(old, new)
        self._save(module)

    def _save(self, module: str) -> None:
        text = self.texts[module]
        for other in self.texts:
            text = text.replace(f"<{other}>", self.name(other))
        path = self.folder / (self.name(module) + ".py")
        path.write_text(text)

    def load(self, module: str = "loop") -> Any:
        """The module as it is on disk now; every module of the project is imported anew."""
        self.forget()
        for other in self.texts:
            self._save(other)
        importlib.invalidate_caches()
        return importlib.import_module(self.name(module))

    def forget(self) -> None:
        for name in [n for n in sys.modules if n.startswith(f"p{self.number}_")]:
            del sys.modules[name]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    made = Project(folder)
    yield made
    made.forget()


@dataclass
class Bench:
    """Runs a project's pipeline again and again in one home."""

    project: Project
    blobs: LocalBlobs
    ledger: Ledger
    spawned: SpawnedRunner
    sources: Mapping[str, Any] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    progress: list[Any] = field(default_factory=list)
    isolated: Runner | None = None

    def planned(self, pipeline: str = "fit", **parameters: Any) -> tuple[Plan, Identities]:
        graph = getattr(self.project.load(), pipeline).trace(parameters)
        require_sound(graph)
        identities = identify(graph, sources=self.sources, variables=self.variables)
        return plan(graph, identities.nodes, LedgerCache(self.ledger, self.blobs)), identities

    def apply(self, planned: Plan, identities: Identities) -> RunResult:
        clock = SystemClock()
        bench = Workbench(
            blobs=self.blobs, ledger=self.ledger, clock=clock, ids=random_id, sources=self.sources,
            in_process=InProcessRunner(self.blobs, clock=clock), isolated=self.isolated or self.spawned,
            variables=self.variables, on_progress=self.progress.append,
        )  # fmt: skip
        return apply(planned, identities, bench)

    def run(self, pipeline: str = "fit", **parameters: Any) -> RunResult:
        return self.apply(*self.planned(pipeline, **parameters))

    def why(self, pipeline: str = "fit", **parameters: Any) -> dict[str, list[str]]:
        """Reasons by step, of the steps that would run."""
        planned, _ = self.planned(pipeline, **parameters)
        return {n.name: [r.text for r in n.reasons] for n in planned.nodes if n.action == "run"}


@pytest.fixture
def bench(project: Project, tmp_path: Path) -> Iterator[Bench]:
    """Isolated steps run in this process too, where a test does not say `bench.isolated = bench.spawned`."""
    blobs = LocalBlobs(tmp_path / "blobs", sync="deferred")
    spawned = SpawnedRunner(blobs=tmp_path / "blobs", project=project.folder, threads=1)
    made = Bench(project, blobs, MemoryLedger(clock=SystemClock()), spawned)
    made.isolated = InProcessRunner(blobs, clock=SystemClock())
    yield made
    spawned.close()


Reached = Callable[[str], Any]
