"""The process that a version on probation runs in: `python -m loopwright.serving.probation_child FOLDER SOCKET`.

It is given an extracted bundle and a socket, and nothing else: no home, no keys, no ambient environment. It answers one
question after another; a version that hangs keeps nobody waiting but its own callers, who have a deadline. It ends when
its standard input closes (its parent is gone), and on SIGTERM once nobody is connected.
"""

import argparse
import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import threading
from pathlib import Path

import msgspec

from loopwright.errors import ModelLoadError
from loopwright.serving.frames import HEADER, MOST_BYTES, Ask, Hello, Reply, decode_ask, frame, pack, unpack
from loopwright.serving.model import Model

_PR_SET_PDEATHSIG = 1
_DRAIN_S = 8.0
_MOST_MESSAGE = 500


class Child:
    """Answers on a socket with one model, or says why there is none."""

    def __init__(self, version: str, model: Model | None, failure: str | None) -> None:
        self._hello = Hello(version, os.getpid(), failure)
        self._model = model
        self._connected: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()

    async def serve(self, path: Path) -> None:
        """Listen until told to stop, then until nobody is connected."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stop.set)
        path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._accept, path=str(path), limit=MOST_BYTES)
        path.chmod(0o600)
        await self._stop.wait()
        server.close()
        path.unlink(missing_ok=True)
        if self._connected:
            await asyncio.wait(self._connected, timeout=_DRAIN_S)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            self._connected.add(task)
            task.add_done_callback(self._connected.discard)
        with contextlib.suppress(OSError, EOFError, msgspec.MsgspecError, ValueError):
            writer.write(frame(self._hello))
            while True:
                (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
                ask = decode_ask(await reader.readexactly(size))
                writer.write(frame(self._reply(ask)))
                await writer.drain()
        writer.close()

    def _reply(self, ask: Ask) -> Reply:
        try:
            if self._model is None:
                return Reply(ask.number, {}, ("ModelLoadError", self._hello.error or ""))
            return Reply(ask.number, pack(self._model.raw(unpack(ask.columns))))
        except Exception as error:  # noqa: BLE001 - boundary: the model's own code; the worker records it
            return Reply(ask.number, {}, (type(error).__name__, str(error)[:_MOST_MESSAGE]))


def end_with_parent() -> None:
    """End this process when its standard input closes, also while a model hangs; the kernel helps on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)

    def wait_for_the_end() -> None:
        while os.read(0, 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait_for_the_end, daemon=True).start()


def main(arguments: list[str] | None = None) -> None:
    """Load, listen, answer."""
    parser = argparse.ArgumentParser(prog="probation child", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    given = parser.parse_args(arguments)
    end_with_parent()
    model, failure = None, None
    try:
        model = Model.load(given.folder, threads=given.threads)
    except ModelLoadError as error:
        failure = f"{error.what}: {error.why}"
    asyncio.run(Child(given.folder.name, model, failure).serve(given.socket))


if __name__ == "__main__":
    main()
