"""When all workers are ready, said once."""

from collections.abc import Callable, Mapping, Sequence

from loopwright.core.clock import Clock
from loopwright.errors import StoreError
from loopwright.store.ledger import Ledger

_LEASES = 1000


class Readiness:
    """Reads the workers' leases until each has loaded, warmed and proven every endpoint.

    Args:
        ledger: Holds the leases.
        workers: Names of the workers.
        endpoints: What each must have loaded.
        clock: Times the start.
    """

    def __init__(self, ledger: Ledger, workers: Sequence[str], endpoints: Sequence[str], *, clock: Clock) -> None:
        self._ledger = ledger
        self._workers = tuple(workers)
        self._endpoints = frozenset(endpoints)
        self._clock = clock
        self._since = clock.monotonic()
        self._told = False

    def tell(self, pids: Mapping[str, int], say: Callable[[str], None]) -> None:
        """Say `ready` once all are."""
        if not self._told and self._ready(pids):
            self._told = True
            say(f"ready after {self._clock.monotonic() - self._since:.1f} s")

    def _ready(self, pids: Mapping[str, int]) -> bool:
        try:
            leases = self._ledger.search("lease", limit=_LEASES)
        except StoreError:
            return False
        loaded = {lease.data.get("pid"): frozenset(lease.data.get("revisions", ())) for lease in leases}
        return all(self._endpoints <= loaded.get(pids.get(name), frozenset()) for name in self._workers)
