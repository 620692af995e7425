"""Landing what arrives while a loop runs: new files at the sources, and rows that were pushed."""

from collections.abc import Callable, Mapping
from functools import partial

from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest, digest_value
from loopwright.data.dataset import Dataset
from loopwright.data.landing import land, land_pushed
from loopwright.data.pending import pending
from loopwright.data.source import SourceFile
from loopwright.errors import DataRefusedError

EVERY_S = 15.0


class Arrivals:
    """Lands at most every `EVERY_S` seconds; what was refused once is not tried again until there is more."""

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
        """Files and pushed rows apart: a bad file must not keep rows from landing that were pushed since."""
        stores, clock = self._workspace.stores, self._workspace.clock
        if dataset.patterns:
            files = digest_value([(f.name, f.digest) for f in self._pending(dataset)])
            self._try(
                f"files of {dataset.name}", files, partial(land, stores, dataset, clock=clock, actor="controller")
            )
        pushed = digest_value(stores.tables.scan(f"push.{dataset.name}", columns=["batch"]).height)
        self._try(
            f"rows of {dataset.name}", pushed, partial(land_pushed, stores, dataset, clock=clock, actor="controller")
        )

    def _try(self, what: str, waiting: Digest, work: Callable[[], object]) -> None:
        if self._refused.get(what) == waiting:
            return
        try:
            work()
        except DataRefusedError:  # in the journal already, with every failure
            self._refused[what] = waiting

    def _pending(self, dataset: Dataset) -> tuple[SourceFile, ...]:
        try:
            return pending(self._workspace.stores, dataset.name, dataset.patterns) if dataset.patterns else ()
        except DataRefusedError:
            return ()
