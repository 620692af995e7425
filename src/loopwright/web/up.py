"""The processes of `up`: inference workers that share a socket, and a child for each version on probation."""

import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from loopwright.core.environment import child_environment, variables
from loopwright.core.settings import Settings
from loopwright.serving.children import ProbationPlan
from loopwright.store.open_stores import Stores
from loopwright.web.run_files import beat_path
from loopwright.web.supervisor import ChildCommand
from loopwright.web.threads import thread_variables, threads_of, told_threads, worker_count
from loopwright.web.watchdog import Guard

_DRAIN_S = 10.0
_HURRY_S = 2.0
_MB = 1 << 20


def worker_commands(
    home: Path, endpoints: Sequence[str], settings: Settings, *, door: socket.socket | None = None
) -> list[ChildCommand]:
    """The supervised inference workers.

    Args:
        home: The home's folder.
        endpoints: What they serve.
        settings: Host and port, how many there are, their threads, how long one may stand still.
        door: The listening socket that all share; None: the only worker listens by itself.
    """
    place = ("--fd", str(door.fileno())) if door is not None else ()
    made = []
    for number in range(1, (worker_count(settings) if door is not None else 1) + 1):
        name = f"worker-{number}"
        arguments = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home), "--name", name, "--supervised"]
        for endpoint in endpoints:
            arguments += ["--endpoint", endpoint]
        arguments += ["--host", settings.text("host"), "--port", str(settings.whole("port")), *place]
        made.append(
            ChildCommand(
                name=name,
                arguments=tuple(arguments),
                environment={**variables(), **thread_variables(settings), **told_threads(settings)},
                inherits=(door.fileno(),) if door is not None else (),
                guard=Guard(beat=beat_path(home / "run", name), stuck_s=settings.number("stuck_s")),
            )
        )
    return made


def probation_children(stores: Stores, settings: Settings) -> Callable[[], Sequence[ChildCommand]]:
    """Asks the ledger, each time it is called, which probation children should run."""
    plan = ProbationPlan(
        ledger=stores.ledger,
        blobs=stores.blobs,
        run=stores.home / "run",
        namespace=settings.text("namespace"),
        threads=threads_of(settings),
        timeout_s=settings.number("probation_timeout_s"),
        memory_mb=settings.whole("probation_memory_mb"),
        network=settings.flag("probation_network"),
    )
    guard = Guard(memory_bytes=plan.memory_mb * _MB or None)

    def wanted() -> Sequence[ChildCommand]:
        return [
            ChildCommand(
                name=child.name,
                arguments=child.arguments,
                environment=child_environment(**thread_variables(settings)),
                folder=child.folder,
                patience_s=_DRAIN_S,
                patience_at_end_s=_HURRY_S,
                guard=guard,
            )
            for child in plan.wanted()
        ]

    return wanted
