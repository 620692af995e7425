"""A worker's end of a probation child: one Unix socket, framed numbers, a deadline on every question.

The child may crash, hang or answer nonsense; every such end is an ArmFailedError whose context says which, and never an
exception of the child's own.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from loopwright.core.hashing import Digest
from loopwright.errors import ArmFailedError
from loopwright.serving.frames import HEADER, MOST_BYTES, Ask, decode_hello, decode_reply, frame, pack, unpack

State = Literal["starting", "ready", "refused", "lost", "closed"]
_RETRY_S = 0.05
_HELLO_S = 5.0
_GRACE_S = 0.05


class ProbationClient:
    """Asks one probation child. Lives on one event loop.

    Args:
        path: The child's socket; the child may start later than this client.
        version: The bundle that the child must hold.
    """

    def __init__(self, path: Path, version: Digest) -> None:
        self._path = path
        self._version = version
        self._state: State = "starting"
        self._why = "its child has not answered yet"
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[int, asyncio.Future[dict[str, np.ndarray]]] = {}
        self._number = 0
        self._task: asyncio.Task[None] | None = None
        self.losses = 0
        """How often a child that had been ready went away."""

    @property
    def state(self) -> State:
        return self._state

    @property
    def why(self) -> str:
        """What stands in the way where the state is not `ready`."""
        return self._why

    @property
    def idle(self) -> bool:
        """Whether no question waits for its answer."""
        return not self._asked

    def start(self) -> None:
        """Connect in the background, again and again until `close`."""
        self._task = asyncio.get_running_loop().create_task(self._keep_connected())

    async def close(self) -> None:
        """Let go of the child; it may end once nobody is connected."""
        self._state, self._why = "closed", "this worker has let go of it"
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._drop("closed")

    async def scores(self, columns: Mapping[str, np.ndarray], timeout_s: float) -> dict[str, np.ndarray]:
        """The child's raw answer, not yet checked against a signature.

        Args:
            columns: Name → (n,).
            timeout_s: Seconds until the child counts as hung.

        Raises:
            ArmFailedError: context `cause` is `crash`, `timeout`, `error` (the model raised) or `shape` (nonsense).
        """
        if self._state != "ready" or self._writer is None:
            raise ArmFailedError("the version on probation is not there", why=self._why, cause="crash")
        self._number += 1
        number = self._number
        loop = asyncio.get_running_loop()
        future: asyncio.Future[dict[str, np.ndarray]] = loop.create_future()
        self._asked[number] = future
        # A loop that stood still may find its timer due before it has read the answer that lies in the socket.
        deadline = loop.call_later(timeout_s, loop.call_later, _GRACE_S, _give_up, future, timeout_s)
        try:
            self._writer.write(frame(Ask(number, pack(columns))))
            return await future
        except OSError as error:
            raise ArmFailedError("the version on probation is gone", why=str(error), cause="crash") from error
        finally:
            deadline.cancel()
            self._asked.pop(number, None)

    async def _keep_connected(self) -> None:
        while True:
            try:
                reader, self._writer = await asyncio.open_unix_connection(str(self._path), limit=MOST_BYTES)
                async with asyncio.timeout(_HELLO_S):
                    await self._greet(reader)
                if self._state == "ready":
                    await self._read(reader)
            except (OSError, EOFError, TimeoutError, ValueError, msgspec.MsgspecError) as error:
                self._lost(f"{type(error).__name__}: {error}")
            await asyncio.sleep(_RETRY_S)

    async def _greet(self, reader: asyncio.StreamReader) -> None:
        hello = decode_hello(await _frame_of(reader))
        if hello.error is not None:
            self._state, self._why = "refused", hello.error
        elif hello.version != self._version:
            self._why = f"the child holds version {hello.version[:12]}"
        else:
            self._state, self._why = "ready", ""

    async def _read(self, reader: asyncio.StreamReader) -> None:
        while True:
            reply = decode_reply(await _frame_of(reader))
            future = self._asked.get(reply.number)
            if future is None or future.done():
                continue
            if reply.error is not None:
                kind, message = reply.error
                why = f"{kind}: {message}"
                future.set_exception(ArmFailedError("the version on probation raised", why=why, cause="error"))
                continue
            try:
                future.set_result(unpack(reply.outputs))
            except (ValueError, TypeError) as error:
                failure = ArmFailedError("the version on probation sent nonsense", why=str(error), cause="shape")
                future.set_exception(failure)

    def _lost(self, why: str) -> None:
        if self._state == "ready":
            self.losses += 1
            self._state, self._why = "lost", f"its child went away ({why})"
        self._drop(why)

    def _drop(self, why: str) -> None:
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ArmFailedError("the version on probation is gone", why=why, cause="crash"))
        self._asked.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _give_up(future: asyncio.Future[dict[str, np.ndarray]], timeout_s: float) -> None:
    if not future.done():
        why = f"nothing came within {timeout_s:g} s"
        future.set_exception(
            ArmFailedError("the version on probation did not answer in time", why=why, cause="timeout")
        )


async def _frame_of(reader: asyncio.StreamReader) -> bytes:
    (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
    if size > MOST_BYTES:
        raise ValueError(f"a frame of {size} bytes")
    return await reader.readexactly(size)
