"""The control process: `python -m loopwright.web.control_process --project FOLDER`.

API, scheduler, monitors, releases.
"""

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

import uvicorn

from loopwright.app.controller import Controller
from loopwright.app.loop_file import load_loop
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SystemClock
from loopwright.errors import LoopwrightError
from loopwright.web.alone import hold_alone
from loopwright.web.auth import open_doors
from loopwright.web.background import kept_up
from loopwright.web.control import control_app
from loopwright.web.parent import when_parent_ends
from loopwright.web.sockets import listen
from loopwright.web.tls import server_tls

PASS_S = 0.5
STEER_S = 0.2
LONGEST_REST_S = 5.0
_LOG = logging.getLogger("loopwright.control")


async def passes(workspace: Workspace, controller: Controller) -> None:
    """One pass after another, and a look at the releases in between, whatever a pass is busy with.

    A replay asks for each pass itself, between its ticks.
    """
    if not workspace.stores.replay:
        await asyncio.gather(
            _again_and_again(controller.step, PASS_S),
            _again_and_again(controller.steer, STEER_S),
            _again_and_again(controller.jobs.step, STEER_S),
            _again_and_again(controller.jobs.deliver, PASS_S),
            _again_and_again(controller.courier.deliver, PASS_S),
        )


async def _again_and_again(work: Callable[[], object], pause_s: float) -> None:
    """Work, and rest for four times as long as it took: what there is to look at never takes more than a fifth."""
    clock = SystemClock()
    while True:
        began = clock.monotonic()
        try:
            await asyncio.to_thread(work)
        except LoopwrightError as error:
            _LOG.warning("%s %s (%s)", error.code, error.what, error.why)
        except Exception:  # noqa: BLE001 - boundary: a pass that fails is logged, and the next one is tried
            _LOG.exception("a pass failed")
        await asyncio.sleep(max(pause_s, min(4 * (clock.monotonic() - began), LONGEST_REST_S)))


def serve(arguments: argparse.Namespace) -> None:
    """Take the port, load the loop, serve until told to stop.

    Raises:
        PortInUseError, UnsafeDoorError: Before anything has started.
        UsageError: Another control process runs on this home.
        LoopFileError, StoreError: The loop or the home cannot be read.
    """
    door = listen(arguments.host, arguments.port)
    workspace = open_workspace(arguments.project, explicit={"home": arguments.home})
    with hold_alone(workspace.home / "run" / "control.lock", "control process"):
        _serve_alone(arguments, workspace, door)


def _serve_alone(arguments: argparse.Namespace, workspace: Workspace, door: object) -> None:
    project: Path = arguments.project
    tls = server_tls(workspace.settings, base=project)
    doors, keyring = open_doors(workspace.stores, workspace.settings, host=arguments.host, machine=workspace.machine)
    controller = Controller(workspace, load_loop(project / arguments.file, project))
    controller.prepare()
    server = uvicorn.Server(
        uvicorn.Config(
            control_app(workspace, controller, doors),
            http="httptools",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=75,
            ssl_context_factory=None if tls is None else lambda *_: tls.context,
        )
    )
    work = [kept_up("following the keys", keyring.follow)]
    work += [] if tls is None else [kept_up("following the certificate", tls.follow)]
    asyncio.run(_until_stopped(server, door, [passes(workspace, controller), *work]))


async def _until_stopped(
    server: uvicorn.Server, door: object, background: Sequence[Coroutine[None, None, None]]
) -> None:
    loop = asyncio.get_running_loop()

    def stop() -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    when_parent_ends(lambda: loop.call_soon_threadsafe(stop) and None, SystemClock())
    tasks = [asyncio.create_task(work) for work in background]
    await server.serve(sockets=[door])  # type: ignore[list-item]
    for task in tasks:
        task.cancel()


def main() -> int:
    """The process's entry; returns its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", stream=sys.stderr)
    parser = argparse.ArgumentParser(prog="loopwright control", description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--file", default="loop.py")
    parser.add_argument("--home")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8701)
    try:
        serve(parser.parse_args())
    except LoopwrightError as error:
        sys.stderr.write(f"{error.code} {error.what}\n  why: {error.why}\n  fix: {error.fix}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
