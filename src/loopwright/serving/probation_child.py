"""The process that a version on probation runs in: `python -m loopwright.serving.probation_child FOLDER SOCKET`.

It is given an extracted bundle and a socket, and nothing else: no home, no keys, no ambient environment, no network. It
answers one question after another; a version that hangs keeps nobody waiting but its own callers, who have a deadline,
and is ended by a timer. It ends when its standard input closes (its parent is gone), and on SIGTERM once nobody is
connected.
"""

import argparse
import asyncio
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import cast

import msgspec
import numpy as np
import uvloop

from loopwright.core.schema import Signature
from loopwright.errors import ModelLoadError
from loopwright.serving.frames import Ask, Frames, Hello, Reply, decode_ask, frame, pack, unpack_one
from loopwright.serving.isolation import ended_after, limit_memory, without_network, yield_cpu
from loopwright.serving.model import Model

_PR_SET_PDEATHSIG = 1
_DRAIN_S = 8.0
_MOST_MESSAGE = 500
_LOAD_S = 300.0


class Child:
    """Answers on a socket with one model, or says why there is none.

    Args:
        version: The bundle.
        model: Its model; None where it could not be loaded.
        failure: Why not.
        hang_s: Seconds for one answer, after which the process ends; 0: for ever.
    """

    def __init__(self, version: str, model: Model | None, failure: str | None, *, hang_s: float = 0.0) -> None:
        self._hello = frame(Hello(version, os.getpid(), failure))
        self._failure = failure or ""
        self._model = model
        self._hang_s = hang_s
        self._connected: set[_Caller] = set()
        self._left = asyncio.Event()
        self._stop = asyncio.Event()

    async def serve(self, path: Path) -> None:
        """Listen until told to stop, then until nobody is connected."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        path.unlink(missing_ok=True)
        server = await loop.create_unix_server(lambda: _Caller(self), str(path))
        path.chmod(0o600)
        mine = path.stat().st_ino
        await self._stop.wait()
        server.close()
        if path.exists() and path.stat().st_ino == mine:
            path.unlink(missing_ok=True)
        await self._until_alone()

    def greet(self, caller: "_Caller") -> bytes:
        """The first frame for whoever connects."""
        self._connected.add(caller)
        return self._hello

    def part(self, caller: "_Caller") -> None:
        """A caller has gone."""
        self._connected.discard(caller)
        self._left.set()

    def reply(self, ask: Ask) -> bytes:
        """The answer to one question, as a frame. Ends the process where it takes too long."""
        try:
            with ended_after(self._hang_s):
                return frame(Reply(ask.number, pack(self._outputs(unpack_one(ask.matrix), ask.explain))))
        except Exception as error:  # noqa: BLE001 - boundary: the model's own code; the worker records it
            return frame(Reply(ask.number, {}, (type(error).__name__, str(error)[:_MOST_MESSAGE])))

    def _outputs(self, rows: np.ndarray, explain: bool) -> dict[str, np.ndarray]:
        if self._model is None:
            raise ModelLoadError("there is no model", why=self._failure)
        if explain:
            return self._model.explain_matrix(rows).packed()
        call: Callable[[np.ndarray], np.ndarray] | None = self._model.of_matrix
        if call is None:
            return self._model.raw(columns_of(self._model.signature, rows))
        answer = call(rows)
        return {"score" if answer.ndim == 1 else "probabilities": answer}

    async def _until_alone(self) -> None:
        try:
            async with asyncio.timeout(_DRAIN_S):
                while self._connected:
                    self._left.clear()
                    await self._left.wait()
        except TimeoutError:
            return


class _Caller(asyncio.Protocol):
    """One worker's connection."""

    def __init__(self, child: Child) -> None:
        self._child = child
        self._frames = Frames()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._child.greet(self))

    def data_received(self, data: bytes) -> None:
        transport = self._transport
        if transport is None:
            return
        try:
            for body in self._frames.feed(data):
                transport.write(self._child.reply(decode_ask(body)))
        except (ValueError, msgspec.MsgspecError):
            transport.close()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - the form of a protocol
        self._child.part(self)


def columns_of(signature: Signature, rows: np.ndarray) -> dict[str, np.ndarray]:
    """A matrix as `Door.columns` lays out columns, for a model with code of its own or one that takes a table.

    Args:
        signature: Names the columns.
        rows: (n, k) float64.

    Returns:
        Name → (n,): float64, or int32 codes of a category.

    Raises:
        ValueError: The matrix has another number of columns.
    """
    if rows.ndim != 2 or rows.shape[1] != len(signature.features):
        raise ValueError(f"a matrix of shape {rows.shape} for {len(signature.features)} features")
    return {
        column.name: values.astype(np.int32) if column.kind == "category" else np.ascontiguousarray(values)
        for column, values in zip(signature.features, rows.T, strict=True)
    }


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
    """Give up what it does not need, load, listen, answer."""
    parser = argparse.ArgumentParser(prog="probation child", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("socket", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--hang-s", type=float, default=0.0)
    parser.add_argument("--memory-mb", type=int, default=0)
    parser.add_argument("--network", action="store_true")
    given = parser.parse_args(arguments)
    if not given.network and not without_network():  # before there is a second thread
        sys.stderr.write("a version on probation keeps its network: this kernel does not let a process give it up\n")
    end_with_parent()
    limit_memory(given.memory_mb)
    yield_cpu()
    model, failure = None, None
    try:
        with ended_after(_LOAD_S):
            model = Model.load(given.folder, threads=given.threads)
    except ModelLoadError as error:
        failure = f"{error.what}: {error.why}"
    except MemoryError:
        failure = f"it takes more memory than the {given.memory_mb} MB that a version on probation may have"
    uvloop.run(Child(given.folder.name, model, failure, hang_s=given.hang_s).serve(given.socket))


if __name__ == "__main__":
    main()
