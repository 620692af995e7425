"""Landing what arrives while a loop runs: new files at the sources, and rows that were pushed."""

from collections.abc import Mapping

from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest, digest_value
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land, land_pushed
from loopwright.data.pending import pending
from loopwright.data.source import SourceFile
from loopwright.errors import DataRefusedError

EVERY_S = 15.0


class Arrivals:
    """Lands at most every `EVERY_S` seconds; files that were refused once are not read again until they change."""

    def __init__(self, workspace: Workspace, datasets: Mapping[str, Dataset]) -> None:
        self._workspace = workspace
        self._datasets = datasets
        self._looked_at = float("-inf")
        self._refused: dict[str, Digest] = {}

    def land(self) -> None:
        """Land what is new; a refusal is in the journal, and does not keep other datasets from landing."""
        now = self._workspace.clock.monotonic()
        if now - self._looked_at < EVERY_S:
            return
        self._looked_at = now
        for dataset in self._datasets.values():
            self._land(dataset)

    def _land(self, dataset: Dataset) -> None:
        stores, clock = self._workspace.stores, self._workspace.clock
        waiting = digest_value([(f.name, f.digest) for f in self._pending(dataset)])
        if self._refused.get(dataset.name) == waiting:
            return
        try:
            if dataset.patterns:
                land(stores, dataset, clock=clock, actor="controller")
            land_pushed(stores, dataset, clock=clock, actor="controller")
        except DataRefusedError:  # in the journal already, with every failure
            self._refused[dataset.name] = waiting

    def _pending(self, dataset: Dataset) -> tuple[SourceFile, ...]:
        try:
            return pending(self._workspace.stores, dataset.name, dataset.patterns) if dataset.patterns else ()
        except DataRefusedError:
            return ()
