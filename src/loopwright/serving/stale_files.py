"""What earlier versions and processes left below `run/`, taken away once nothing names it; never what is in use."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from loopwright.core.clock import SECOND, Clock
from loopwright.core.hashing import Digest
from loopwright.errors import StoreError
from loopwright.release.routing import Arms
from loopwright.serving.loading import socket_path
from loopwright.store.ledger import Ledger

_LOOK_S = 60.0
_GRACE_S = 600.0
_LEASE_S = 30
_LEASES = 1000
_GONE = ".gone-"


def due(unnamed_since: Mapping[Digest, float], *, now: float, grace_s: float = _GRACE_S) -> list[Digest]:
    """The versions that nothing has named for so long that they may go. Pure."""
    return sorted(version for version, since in unnamed_since.items() if now - since >= grace_s)


class StaleFiles:
    """Looks once a minute. Used by the supervisor alone, of which a home has one.

    Args:
        ledger: Names arms, and the versions that workers hold.
        run: The home's folder for running processes.
        namespace: Prefix of every ref.
        clock: The machine's.
    """

    def __init__(self, ledger: Ledger, *, run: Path, namespace: str, clock: Clock) -> None:
        self._ledger = ledger
        self._run = run
        self._namespace = namespace
        self._clock = clock
        self._unnamed: dict[Digest, float] = {}
        self._looked = float("-inf")

    def begin(self) -> None:
        """Before any process of the home has started: no socket, and no half-removed bundle, is anybody's."""
        for path in self._sockets():
            path.unlink(missing_ok=True)
        for folder in self._bundles():
            if folder.name.startswith(_GONE):
                shutil.rmtree(folder, ignore_errors=True)

    def look(self) -> None:
        """Take away the extracted bundles, and their sockets, that nothing has named for ten minutes."""
        now = self._clock.monotonic()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        try:
            named = self._named()
        except StoreError:
            return
        there = {folder.name for folder in self._bundles() if not folder.name.startswith(".")}
        self._unnamed = {version: self._unnamed.get(version, now) for version in there - named}
        for version in due(self._unnamed, now=now):
            self._remove(version)

    def _remove(self, version: Digest) -> None:
        """Out of the way in one step, then bit by bit: nobody finds half a bundle."""
        folder = self._run / "bundles" / version
        gone = folder.with_name(_GONE + version)
        try:
            folder.rename(gone)
        except OSError:
            return
        shutil.rmtree(gone, ignore_errors=True)
        socket_path(self._run, version).unlink(missing_ok=True)
        self._unnamed.pop(version, None)

    def _named(self) -> set[Digest]:
        named: set[Digest] = set()
        for name, target in self._ledger.refs(f"{self._namespace}/endpoint/").items():
            record = self._ledger.record("arms", target) if name.endswith("@arms") else None
            if record is not None:
                arms = Arms.of(record.data)
                named.update(arm.version for arm in arms.arms)
                named.update((arms.previous,) if arms.previous else ())
        since = self._clock.now() - _LEASE_S * SECOND
        for lease in self._ledger.search("lease", limit=_LEASES):
            if not lease.data.get("ended") and int(lease.data.get("at", 0)) >= since:
                named.update(lease.data.get("versions", ()))
        return named

    def _bundles(self) -> Iterable[Path]:
        folder = self._run / "bundles"
        return list(folder.iterdir()) if folder.is_dir() else ()

    def _sockets(self) -> Iterable[Path]:
        return list(socket_path(self._run, "0" * 64).parent.glob("probation-*.sock"))
