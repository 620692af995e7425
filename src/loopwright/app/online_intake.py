"""The one place that fills and pushes online features: between a fill and a push no row is lost or counted twice."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

from loopwright.app.arms import current_arms
from loopwright.app.intake import push_rows
from loopwright.app.online import nobody_pushes, refill_online, views_of_arms
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.data.dataset import Dataset
from loopwright.data.pushing import recent_batches
from loopwright.features.view import FeatureView

BATCHES_LAST: Micros = 86_400 * SECOND
MOST_BATCHES = 10_000


class OnlineIntake:
    """Takes pushed rows for an endpoint's datasets. Safe from several threads; one process of a home has one.

    Args:
        workspace: The workspace.
        datasets: The loop's datasets, by name.
        endpoint: Whose versions' feature views are kept current.
    """

    def __init__(self, workspace: Workspace, datasets: Mapping[str, Dataset], endpoint: str) -> None:
        self._workspace = workspace
        self._datasets = datasets
        self._endpoint = endpoint
        self._lock = Lock()
        self._target: str | None = None
        self._batches: dict[str, dict[str, Micros]] = {}
        self._views: tuple[FeatureView, ...] = ()
        self._filled: dict[FeatureView, str | None] = {}

    def push(self, dataset: str, rows: Sequence[Mapping[str, Any]], batch: str | None = None) -> int:
        """Keep rows and bring them to the views of every version that answers now; see `app.intake.push_rows`.

        Args:
            dataset: Whose they are.
            rows: JSON objects.
            batch: The sender's own name of these rows. A batch that was taken within the last day is not taken again:
                a sender that got no answer may send it once more.
        """
        with self._lock, nobody_pushes(self._workspace):
            self._look()
            if batch is not None and dataset in self._datasets and self._is_taken(dataset, batch):
                return len(rows)
            kept = push_rows(self._workspace, self._datasets, self._views, name=dataset, rows=rows, batch=batch)
            if batch is not None:
                self._batches[dataset][batch] = self._workspace.clock.now()
            return kept

    def catch_up(self) -> None:
        """Fill the views of versions that have become arms, and of datasets that have landed, since the last look."""
        with self._lock, nobody_pushes(self._workspace):
            self._look()

    def _is_taken(self, dataset: str, batch: str) -> bool:
        """Whether it came within the last day; the first push of a process reads what came before from the table."""
        since = self._workspace.clock.now() - BATCHES_LAST
        taken = self._batches.get(dataset)
        if taken is None:
            taken = recent_batches(self._workspace.stores, dataset, since)
        elif len(taken) > MOST_BATCHES:
            taken = {batch: at for batch, at in taken.items() if at >= since}
        self._batches[dataset] = taken
        return batch in taken and taken[batch] >= since

    def _look(self) -> None:
        target = self._ref("endpoint", self._endpoint, "arms")
        if target != self._target:
            self._target, self._views = (
                target,
                views_of_arms(self._workspace, current_arms(self._workspace, self._endpoint)),
            )
        newest = {view: self._ref("dataset", view.source.name, "latest") for view in self._views}
        changed = [view for view, version in newest.items() if self._filled.get(view, "") != version]
        if changed:
            refill_online(self._workspace, changed)
        self._filled = newest

    def _ref(self, kind: str, name: str, alias: str) -> str | None:
        return self._workspace.stores.ledger.ref(self._workspace.ref(kind, name, alias))
