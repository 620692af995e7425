"""The champion's answered requests and what became of them, kept in memory by the process that watches.

Looking back over months of rows each day would cost more each day. Rows are read once, as they settle, a day at a time.
"""

from collections.abc import Iterator, Sequence

from loopwright.app.labelled_rows import LabelledRows
from loopwright.app.observed import answered, column_of, scores_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.schema import Signature
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.rules.rule import DAY
from loopwright.observations.labels import latest_labels

KEPT: Micros = 121 * DAY
"""How far back event times are kept."""


def settled_until(workspace: Workspace) -> Micros:
    """The receipt time before which no row is still on its way into the tables.

    A replay asks between its ticks, when every answer has been given. Otherwise a request may take its full deadline.
    """
    late = 0 if workspace.stores.replay else int(workspace.settings.number("request_timeout_s") * SECOND)
    return workspace.clock.now() + 1 - late


class LabelledLog:
    """Requests that one version answered since an instant, and their latest labels. Used by one thread.

    Requests that were labelled because they are odd have no label here: quality is measured by the others.

    Args:
        workspace: Whose tables are read.
        endpoint: The endpoint.
        version: The model that answered.
        signature: Its contract.
        since: The first receipt time looked at.
        groups: Columns of requests or features that performance is split by.
    """

    def __init__(
        self,
        workspace: Workspace,
        endpoint: str,
        *,
        version: str,
        signature: Signature,
        since: Micros,
        groups: Sequence[str] = (),
    ) -> None:
        self._workspace = workspace
        self._endpoint = endpoint
        self._version = version
        self._signature = signature
        self._until = since
        self._groups = tuple(groups)
        self._rows = LabelledRows(self._groups)

    def rows(self, since: Micros) -> LabelledRequests:
        """Requests with event time from `since` on, in its order, with the labels known by now."""
        self._catch_up()
        return self._rows.since(since)

    def _catch_up(self) -> None:
        until = settled_until(self._workspace)
        if until <= self._until:
            return
        for first, last in _days(self._until, until):
            self._read(first, last)
            self._until = last
        self._rows.forget(until - KEPT)

    def _read(self, first: Micros, last: Micros) -> None:
        """One stretch of receipt time; a label of it counts for the rows before it and in it."""
        tables = self._workspace.stores.tables
        places = ("inputs", "features") if self._groups else ()
        wanted = ("request_id", "key", "event_time", "score", "output", *places)
        rows = answered(tables, self._endpoint, version=self._version, since=first, until=last, columns=wanted)
        if rows.height:
            groups = {name: column_of(rows, name) for name in self._groups}
            self._rows.add(rows, scores_of(rows, self._signature), groups)
        labels = latest_labels(tables, self._endpoint, known_at=last - 1, learned_since=first, chosen=False)
        self._rows.learn(labels)


def _days(first: Micros, last: Micros) -> Iterator[tuple[Micros, Micros]]:
    """The stretches of whole days between two instants."""
    while first < last:
        ends = min(last, (first // DAY + 1) * DAY)
        yield first, ends
        first = ends
