"""Which probation children should run on this host: one for each version on probation in the arms of any endpoint."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loopwright.errors import LoopwrightError
from loopwright.release.routing import Arms
from loopwright.serving.applications.bundle import is_application
from loopwright.serving.loading import bundle_folder, socket_path
from loopwright.serving.trips import recorded_trip
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger

_ARMS = "@arms"
_PATIENCE = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbationCommand:
    """How one child is started: `arguments` in `folder`, with nothing of the ambient environment."""

    name: str
    arguments: tuple[str, ...]
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbationPlan:
    """Reads the ledger for the children that it asks for.

    Attributes:
        ledger: Names the arms.
        blobs: Where bundles lie.
        run: The home's folder for running processes.
        namespace: Prefix of every ref.
        threads: CPU threads of one child's model.
        timeout_s: Seconds after which no worker waits for an answer any more.
        memory_mb: Memory that a child may take; 0: no limit.
        network: Whether a child may use the network.
    """

    ledger: Ledger
    blobs: Blobs
    run: Path
    namespace: str = "default"
    threads: int = 1
    timeout_s: float = 0.5
    memory_mb: int = 0
    network: bool = False

    def wanted(self) -> tuple[ProbationCommand, ...]:
        """The children that should run now, one a version.

        A version that cannot be extracted has none: its workers find no child, and stop the arm. Nor has one whose arm
        a breaker has stopped: nobody asks it any more, and it may be burning a core. Nor has an application, which is
        configuration and runs in the workers.
        """
        made: dict[str, ProbationCommand] = {}
        for version in self._versions():
            try:
                if is_application(self.blobs, version):
                    continue
                folder = bundle_folder(self.blobs, version, self.run)
            except LoopwrightError:
                continue
            made[version] = self._command(version, folder)
        return tuple(made.values())

    def _versions(self) -> Iterator[str]:
        for name, target in self.ledger.refs(f"{self.namespace}/endpoint/").items():
            record = self.ledger.record("arms", target) if name.endswith(_ARMS) else None
            if record is not None:
                spec = Arms.of(record.data)
                yield from (arm.version for arm in spec.beside if recorded_trip(self.ledger, spec, arm) is None)

    def _command(self, version: str, folder: Path) -> ProbationCommand:
        arguments = [sys.executable, "-m", "loopwright.serving.probation_child", str(folder)]
        arguments += [str(socket_path(self.run, version)), "--threads", str(self.threads)]
        arguments += ["--hang-s", f"{_PATIENCE * self.timeout_s:g}", "--memory-mb", str(self.memory_mb)]
        arguments += ["--network"] if self.network else []
        return ProbationCommand(name=f"probation-{version[:16]}", arguments=tuple(arguments), folder=folder)
