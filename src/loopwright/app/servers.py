"""The servers of a replay: `loopwright up` in a process group of its own, found by its ports, stopped for certain."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from loopwright.app.player_http import Connections
from loopwright.core.clock import Clock
from loopwright.core.environment import variables
from loopwright.errors import ServingError

READY_S = 60.0
STOP_S = 20.0
POLL_S = 0.05
RESTART_S = 30.0
HOST = "127.0.0.1"
_PLAIN = {"LOOPWRIGHT_TLS_CERTIFICATE": "", "LOOPWRIGHT_TLS_KEY": "", "LOOPWRIGHT_TLS_CLIENT_CA": ""}
"""A replay's servers are asked by nobody but the replay, on loopback, and need no certificate for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Where a replay's servers answer."""

    inference: Connections
    control: Connections
    port: int


@contextlib.contextmanager
def running_servers(project: Path, home: Path, *, file: str, clock: Clock, log: Path) -> Iterator[Servers]:
    """Start `up` on free ports, wait until it is ready, and stop it at the end, whatever happens.

    Raises:
        ServingError: It ended, or was not ready in time; the log's last lines say why.
    """
    port = free_ports()
    command = [
        sys.executable,
        "-m",
        "loopwright.cli.main",
        "up",
        "--project",
        str(project),
        "--file",
        file,
        "--port",
        str(port),
        "--home",
        str(home.relative_to(project) if home.is_relative_to(project) else home),
        "--supervised",
    ]
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            command,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            start_new_session=True,
            env={**variables(), **_PLAIN},
            cwd=project,
        )
    try:
        _wait(process, port, clock, log=log)
        token = (home / "token").read_text(encoding="utf-8").strip()
        patience = _while_it_lives(process, clock)
        with (
            closing(Connections(HOST, port, patience=patience)) as inference,
            closing(Connections(HOST, port + 1, token, patience=patience)) as control,
        ):
            yield Servers(inference=inference, control=control, port=port)
    finally:
        _stop(process)


def free_ports() -> int:
    """A port that is free together with the one after it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind((HOST, 0))
            port = int(first.getsockname()[1])
            try:
                second.bind((HOST, port + 1))
            except OSError:
                continue
            return port


def _while_it_lives(supervisor: subprocess.Popen[bytes], clock: Clock) -> Callable[[int], bool]:
    """Patience with a server that its supervisor is starting again; none where the supervisor itself has ended."""

    def patience(tries: int) -> bool:
        clock.sleep(POLL_S)
        return supervisor.poll() is None and tries * POLL_S < RESTART_S

    return patience


def _wait(process: subprocess.Popen[bytes], port: int, clock: Clock, *, log: Path) -> None:
    deadline = clock.monotonic() + READY_S
    while not (_answers(port, "/health/ready") and _answers(port + 1, "/health/live")):
        if process.poll() is not None or clock.monotonic() > deadline:
            why = "\n".join(log.read_text(errors="replace").splitlines()[-5:])
            raise ServingError("the servers of the replay did not come up", why=why, fix=f"Read {log}.")
        clock.sleep(POLL_S)


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=1.0)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the supervisor to stop its children and itself; kill what is left of its group after a while."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
