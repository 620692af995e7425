"""`up`: every process of a loop under one supervisor."""

import sys
from pathlib import Path

from loopwright.app.online_intake import OnlineIntake
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SystemClock
from loopwright.errors import NotFoundError
from loopwright.web.auth import check_address
from loopwright.web.keyring import Keyring
from loopwright.web.parent import when_parent_ends
from loopwright.web.sockets import listen
from loopwright.web.supervisor import ChildCommand, Supervisor
from loopwright.web.up import probation_children, worker_command


def run_whole_loop(
    workspace: Workspace, endpoint: str, *, file: str = "loop.py", control: bool = True, supervised: bool = False
) -> None:
    """Serve an endpoint until Ctrl-C: an inference worker, the control process, and children of versions on probation.

    Args:
        workspace: The project's workspace.
        endpoint: The loop's name.
        file: The loop file, for the control process.
        control: False serves only: no watching, no retraining, no release moves.
        supervised: Stop when standard input closes, as it does when the process that started this one ends.

    Raises:
        PortInUseError, UnsafeDoorError: Before anything has started.
        NotFoundError: There is no champion yet.
    """
    settings = workspace.settings
    if workspace.stores.ledger.ref(workspace.ref("endpoint", endpoint, "arms")) is None:
        raise NotFoundError(f"{endpoint!r} has no champion to serve", fix="Run `loopwright run` first.")
    host, port = settings.text("host"), settings.whole("port")
    check_address(host, Keyring(workspace.stores.ledger, workspace.machine))
    for number in (port, port + 1) if control else (port,):
        listen(host, number).close()
    if not control:  # with a control process, that one fills and pushes
        OnlineIntake(workspace, {}, endpoint).catch_up()
    _say(f"{endpoint}: http://{host}:{port}/predict/{endpoint}")
    commands = [worker_command(workspace.home, [endpoint], settings)]
    if control:
        commands.append(_control(workspace, file, host, port=port + 1))
    supervisor = Supervisor(
        commands=commands,
        run=workspace.home / "run",
        clock=SystemClock(),
        wanted=probation_children(workspace.stores, settings),
        say=_say,
    )
    if supervised:
        when_parent_ends(supervisor.stop, SystemClock())
    supervisor.run_until_stopped()


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
