"""`up` and `serve`: every process of a home under one supervisor."""

import contextlib
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from loopwright.app.online_intake import OnlineIntake
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Clock, SystemClock
from loopwright.errors import NotFoundError, PortInUseError
from loopwright.serving.stale_files import StaleFiles
from loopwright.web.alone import hold_alone
from loopwright.web.auth import check_address, is_loopback
from loopwright.web.death_notes import DeathNotes
from loopwright.web.gateway.greeting import greeting
from loopwright.web.keyring import Keyring
from loopwright.web.parent import when_parent_ends
from loopwright.web.readiness import Readiness
from loopwright.web.run_files import clear_run_files, is_alive, pid_in
from loopwright.web.sockets import listen
from loopwright.web.supervisor import ChildCommand, Supervisor
from loopwright.web.threads import threads_of, worker_count
from loopwright.web.up import probation_children, worker_commands

_PATIENCE_S = 16.0
_POLL_S = 0.1


def champions(workspace: Workspace) -> tuple[str, ...]:
    """Names of all endpoints of the home that have a champion."""
    prefix, end = f"{workspace.namespace}/endpoint/", "@arms"
    names = workspace.stores.ledger.refs(prefix)
    return tuple(sorted(name.removeprefix(prefix).removesuffix(end) for name in names if name.endswith(end)))


def run_whole_loop(
    workspace: Workspace,
    endpoints: Sequence[str],
    *,
    file: str = "loop.py",
    control: bool = True,
    supervised: bool = False,
) -> None:
    """Serve endpoints until Ctrl-C: inference workers, the control process, and children of versions on probation.

    The supervisor holds the listening socket and all workers share it, so that a worker may end, however it ends, and
    no connection is refused meanwhile.

    Args:
        workspace: The project's workspace.
        endpoints: Names of the endpoints.
        file: The loop file, for the control process.
        control: False serves only: no watching, no retraining, no release moves.
        supervised: Stop when standard input closes, as it does when the process that started this one ends.

    Raises:
        PortInUseError, UnsafeDoorError: Before anything has started.
        NotFoundError: An endpoint has no champion yet.
        UsageError: Another supervisor runs on this home.
    """
    settings, clock = workspace.settings, SystemClock()
    for endpoint in endpoints or ("",):
        if workspace.stores.ledger.ref(workspace.ref("endpoint", endpoint, "arms")) is None:
            raise NotFoundError(f"{endpoint!r} has no champion to serve", fix="Run `loopwright run` first.")
    host, port, run = settings.text("host"), settings.whole("port"), workspace.home / "run"
    check_address(host, Keyring(workspace.stores.ledger, workspace.machine))
    with hold_alone(run / "supervisor.lock", "supervisor"), contextlib.ExitStack() as held:
        door = held.enter_context(_taken(run, host, port, clock=clock))
        if control:
            _taken(run, host, port + 1, clock=clock).close()
        else:  # with a control process, that one fills and pushes
            for endpoint in endpoints:
                OnlineIntake(workspace, {}, endpoint).catch_up()
        commands = worker_commands(workspace.home, endpoints, settings, door=door)
        readiness = Readiness(workspace.stores.ledger, [command.name for command in commands], endpoints, clock=clock)
        if control:
            commands.append(_control(workspace, file, host, port=port + 1))
        children = probation_children(workspace.stores, settings)
        stale = StaleFiles(workspace.stores.ledger, run=run, namespace=workspace.namespace, clock=clock)
        stale.begin()
        clear_run_files(run)

        def wanted() -> Sequence[ChildCommand]:
            stale.look()
            readiness.tell(supervisor.pids(), _say)
            return children()

        supervisor = Supervisor(
            commands=commands,
            run=run,
            clock=clock,
            wanted=wanted,
            say=_say,
            on_end=DeathNotes(
                workspace.stores.ledger, namespace=workspace.namespace, run=run, clock=clock, endpoints=endpoints
            ),
        )
        if supervised:
            when_parent_ends(supervisor.stop, clock)
        _greet(workspace, endpoints, door=door, control=control)
        supervisor.run_until_stopped()


def _taken(run: Path, host: str, port: int, *, clock: Clock) -> socket.socket:
    """The listening socket; processes of a supervisor that was killed may still be letting go of it.

    Raises:
        PortInUseError: Somebody else has it.
    """
    end = clock.monotonic() + _PATIENCE_S
    while True:
        try:
            return listen(host, port)
        except PortInUseError:
            ending = any(is_alive(pid_in(path)) for path in run.glob("*.json"))
            if not ending or clock.monotonic() > end:
                raise
        clock.sleep(_POLL_S)


def _greet(workspace: Workspace, endpoints: Sequence[str], *, door: socket.socket, control: bool) -> None:
    settings = workspace.settings
    host, port = door.getsockname()[:2]
    encrypted = bool(settings.text("tls_certificate"))
    scheme = "https" if encrypted else "http"
    place = f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
    if not encrypted and not is_loopback(str(host)):
        _say("keys and records travel unencrypted: set tls_certificate and tls_key, or stand behind a proxy that does")
    for endpoint in endpoints:
        _say(greeting(workspace, endpoint, place) or f"{endpoint}: {place}/predict/{endpoint}")
    workers, threads = worker_count(settings), threads_of(settings)
    words = f"{workers} worker{'s' if workers > 1 else ''}, {threads} thread{'s' if threads > 1 else ''} each"
    beside = f"; control API on port {port + 1}" if control else "; nothing is watched, retrained or released"
    _say(f"starting {words}{beside}; Ctrl-C stops it all")


def _control(workspace: Workspace, file: str, host: str, *, port: int) -> ChildCommand:
    home = (
        workspace.home.relative_to(workspace.project)
        if workspace.home.is_relative_to(workspace.project)
        else workspace.home
    )
    arguments = [
        "-m",
        "loopwright.web.control_process",
        "--project",
        str(workspace.project),
        "--file",
        file,
        "--home",
        str(home),
        "--host",
        host,
        "--port",
        str(port),
    ]
    return ChildCommand(name="control", arguments=(sys.executable, *arguments), folder=Path(workspace.project))


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()
