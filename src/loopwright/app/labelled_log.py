"""The champion's answered requests and what became of them, kept in memory by the process that watches.

Looking back over months of rows each day would cost more each day. Rows are read once, as they settle.
"""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl

from loopwright.app.observed import answered, scores_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.schema import Signature
from loopwright.monitoring.joined import LabelledRequests
from loopwright.observations.labels import latest_labels

_NONE: tuple[int, Any] = (0, None)


def settled_until(workspace: Workspace) -> Micros:
    """The receipt time before which no row is still on its way into the tables.

    A replay asks between its ticks, when every answer has been given. Otherwise a request may take its full deadline.
    """
    late = 0 if workspace.stores.replay else int(workspace.settings.number("request_timeout_s") * SECOND)
    return workspace.clock.now() + 1 - late


class LabelledLog:
    """Requests that one version answered since an instant, and their latest labels. Used by one thread.

    Args:
        workspace: Whose tables are read.
        endpoint: The endpoint.
        version: The model that answered.
        signature: Its contract.
        since: The first receipt time looked at.
    """

    def __init__(
        self, workspace: Workspace, endpoint: str, *, version: str, signature: Signature, since: Micros
    ) -> None:
        self._workspace = workspace
        self._endpoint = endpoint
        self._version = version
        self._signature = signature
        self._until = since
        self._times: list[np.ndarray] = []
        self._scores: list[np.ndarray] = []
        self._values: list[Any] = []
        self._row_of: dict[str, int] = {}
        self._rows_of: dict[str, list[int]] = {}
        # By name: which of all labels it is, and its value. The last of those about a row counts.
        self._by_key: dict[str, tuple[int, Any]] = {}
        self._by_request: dict[str, tuple[int, Any]] = {}
        self._labels = 0

    def rows(self, since: Micros) -> LabelledRequests:
        """Requests with event time from `since` on, in its order, with the labels known by now."""
        self._catch_up()
        times = np.concatenate(self._times) if self._times else np.empty(0, dtype=np.int64)
        scores = np.concatenate(self._scores) if self._scores else np.empty(0)
        order = np.argsort(times, kind="stable")
        order = order[times[order] >= since]
        values = np.empty(len(self._values), dtype=object)
        values[:] = self._values
        found = values[order]
        labelled = np.asarray([value is not None for value in found], dtype=bool)
        label = np.asarray(found[labelled].tolist())
        return LabelledRequests(event_time=times[order], score=scores[order], labelled=labelled, label=label)

    def _catch_up(self) -> None:
        until = settled_until(self._workspace)
        if until <= self._until:
            return
        tables = self._workspace.stores.tables
        rows = answered(tables, self._endpoint, version=self._version, since=self._until, until=until)
        if rows.height:
            self._times.append(rows["event_time"].to_numpy())
            self._scores.append(scores_of(rows, self._signature))
            self._add(rows["request_id"].to_list(), rows["key"].cast(pl.String).to_list())
        labels = latest_labels(tables, self._endpoint, known_at=until - 1, learned_since=self._until)
        for key, request_id, value in labels.select("key", "request_id", "value").iter_rows():
            self._labels += 1
            if request_id is not None:
                self._by_request[request_id] = (self._labels, value)
                self._give((self._row_of[request_id],) if request_id in self._row_of else (), value)
            elif key is not None:
                self._by_key[key] = (self._labels, value)
                self._give(self._rows_of.get(key, ()), value)
        self._until = until

    def _add(self, ids: list[str], keys: list[str | None]) -> None:
        """New rows, with the last label that is known of each; see `observations.labels.latest_labels`."""
        for request_id, key in zip(ids, keys, strict=True):
            row = len(self._values)
            self._row_of[request_id] = row
            if key is not None:
                self._rows_of.setdefault(key, []).append(row)
            by_key = _NONE if key is None else self._by_key.get(key, _NONE)
            _, value = max(by_key, self._by_request.get(request_id, _NONE), key=itemgetter(0))
            self._values.append(value)

    def _give(self, rows: Sequence[int], value: Any) -> None:
        for row in rows:
            self._values[row] = value
