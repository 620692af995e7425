"""Which probation children should run on this host: one for each version on probation in the arms of any endpoint."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from loopwright.errors import LoopwrightError
from loopwright.release.routing import Arms
from loopwright.serving.loading import bundle_folder, socket_path
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger

_ARMS = "@arms"


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
    """

    ledger: Ledger
    blobs: Blobs
    run: Path
    namespace: str = "default"
    threads: int = 1

    def wanted(self) -> tuple[ProbationCommand, ...]:
        """The children that should run now, one a version. A version that cannot be extracted has none: its workers
        find no child, and stop the arm."""
        made: dict[str, ProbationCommand] = {}
        for version in self._versions():
            try:
                folder = bundle_folder(self.blobs, version, self.run)
            except LoopwrightError:
                continue
            made[version] = self._command(version, folder)
        return tuple(made.values())

    def _versions(self) -> Iterator[str]:
        for name, target in self.ledger.refs(f"{self.namespace}/endpoint/").items():
            record = self.ledger.record("arms", target) if name.endswith(_ARMS) else None
            if record is not None:
                yield from (arm.version for arm in Arms.of(record.data).beside)

    def _command(self, version: str, folder: Path) -> ProbationCommand:
        arguments = [sys.executable, "-m", "loopwright.serving.probation_child", str(folder)]
        arguments += [str(socket_path(self.run, version)), "--threads", str(self.threads)]
        return ProbationCommand(name=f"probation-{version[:16]}", arguments=tuple(arguments), folder=folder)
