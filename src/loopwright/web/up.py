"""The processes of `up`: an inference worker, and a probation child for each version on probation."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from loopwright.core.environment import child_environment, variables
from loopwright.core.settings import Settings
from loopwright.serving.children import ProbationPlan
from loopwright.store.open_stores import Stores
from loopwright.web.supervisor import ChildCommand

_DRAIN_S = 10.0
_HURRY_S = 2.0


def worker_command(home: Path, endpoints: Sequence[str], settings: Settings, *, name: str = "worker-1") -> ChildCommand:
    """One supervised inference worker on the host and port of the settings."""
    arguments = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home), "--name", name, "--supervised"]
    for endpoint in endpoints:
        arguments += ["--endpoint", endpoint]
    arguments += ["--host", settings.text("host"), "--port", str(settings.whole("port"))]
    return ChildCommand(name=name, arguments=tuple(arguments), environment={**variables(), **_threads(settings)})


def _threads(settings: Settings) -> dict[str, str]:
    """OpenMP's pool is sized when a library loads; scikit-learn's trees have no other way to be told."""
    return {"OMP_NUM_THREADS": str(settings.whole("model_threads"))}


def probation_children(stores: Stores, settings: Settings) -> Callable[[], Sequence[ChildCommand]]:
    """Asks the ledger, each time it is called, which probation children should run."""
    plan = ProbationPlan(
        ledger=stores.ledger,
        blobs=stores.blobs,
        run=stores.home / "run",
        namespace=settings.text("namespace"),
        threads=settings.whole("model_threads"),
    )

    def wanted() -> Sequence[ChildCommand]:
        return [
            ChildCommand(
                name=child.name,
                arguments=child.arguments,
                environment=child_environment(**_threads(settings)),
                folder=child.folder,
                patience_s=_DRAIN_S,
                patience_at_end_s=_HURRY_S,
            )
            for child in plan.wanted()
        ]

    return wanted
