"""How many things have been labelled since an instant, counted anew only when the journal says that labels came."""

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.observations.labels import latest_labels

_LANDED = "labels_landed"


class LabelCount:
    """Counts labels by feedback of one endpoint. Used by one thread.

    Args:
        workspace: Whose tables are read.
        endpoint: The endpoint.
    """

    def __init__(self, workspace: Workspace, endpoint: str) -> None:
        self._workspace = workspace
        self._endpoint = endpoint
        self._after = 0
        self._since: Micros | None = None
        self._count = 0

    def since(self, instant: Micros) -> int:
        """Things with a label that became known at `instant` or later; a corrected label counts once."""
        if self._heard() or instant != self._since:
            tables = self._workspace.stores.tables
            self._count = latest_labels(tables, self._endpoint, learned_since=instant).height
            self._since = instant
        return self._count

    def _heard(self) -> bool:
        """Whether labels have landed since the last look at the journal."""
        heard = False
        while page := self._workspace.stores.ledger.read(after=self._after):
            heard = heard or any(event.kind == _LANDED for event in page)
            self._after = page[-1].seq
        return heard
