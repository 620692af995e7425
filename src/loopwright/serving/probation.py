"""A worker's end of a probation child: one Unix socket, framed numbers, a deadline on every question.

The child may crash, hang or answer nonsense; every such end is an ArmFailedError whose context says which, and never an
exception of the child's own.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, cast

import msgspec
import numpy as np

from loopwright.core.hashing import Digest
from loopwright.errors import ArmFailedError, LoopwrightError, NotExplainableError
from loopwright.serving.frames import Ask, Frames, Hello, Reply, decode_hello, decode_reply, frame, pack_one, unpack
from loopwright.serving.predictor import matrix

State = Literal["starting", "ready", "refused", "lost", "closed"]
Outputs = dict[str, np.ndarray]
_RETRY_S = 0.05
_HELLO_S = 5.0
_GRACE_S = 0.05
_FRAMES_UNDER_WAY = 2
_MOST_ROWS = 1024


class _Question:
    """Rows of one caller, and who waits. `alone`: not to be put together with others (again)."""

    __slots__ = ("alone", "explain", "future", "rows")

    def __init__(self, rows: np.ndarray, future: asyncio.Future[Outputs], *, explain: bool = False) -> None:
        self.rows = rows
        self.future = future
        self.explain = self.alone = explain

    def fail(self, error: LoopwrightError) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class _Connection(asyncio.Protocol):
    """One connection to a child: hands on whole frames, and says when it is over."""

    def __init__(self, client: "ProbationClient") -> None:
        self._client = client
        self._frames = Frames()
        self.transport: asyncio.Transport | None = None
        self.hello: asyncio.Future[Hello] = asyncio.get_running_loop().create_future()
        self.over: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's own class is none of asyncio's

    def data_received(self, data: bytes) -> None:
        try:
            for body in self._frames.feed(data):
                if self.hello.done():
                    self._client.replied(decode_reply(body))
                else:
                    self.hello.set_result(decode_hello(body))
        except (ValueError, msgspec.MsgspecError) as error:
            self._end(f"{type(error).__name__}: {error}")

    def connection_lost(self, error: Exception | None) -> None:
        self._end("the connection was closed" if error is None else f"{type(error).__name__}: {error}")

    def _end(self, why: str) -> None:
        if not self.over.done():
            self.over.set_result(why)
        if not self.hello.done():
            self.hello.set_exception(ConnectionError(why))
            self.hello.exception()  # it may be that nobody waits for it any more
        if self.transport is not None:
            self.transport.close()


class ProbationClient:
    """Asks one probation child. Lives on one event loop.

    Two frames are under way at most. What is asked meanwhile goes together into the next one, so that a child that gets
    much of the traffic is asked in batches; a lone question goes at once.

    Args:
        path: The child's socket; the child may start later than this client.
        version: The bundle that the child must hold.
    """

    def __init__(self, path: Path, version: Digest) -> None:
        self._path = path
        self._version = version
        self._state: State = "starting"
        self._why = "its child has not answered yet"
        self._connection: _Connection | None = None
        self._waiting: deque[_Question] = deque()
        self._asked: dict[int, list[_Question]] = {}
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
        return not any(not question.future.done() for question in self._open())

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

    async def scores(self, columns: Mapping[str, np.ndarray], timeout_s: float) -> Outputs:
        """As `scores_of`, from columns: name → (n,), in the order of the signature's features."""
        return await self.scores_of(matrix(columns), timeout_s)

    async def scores_of(self, rows: np.ndarray, timeout_s: float) -> Outputs:
        """The child's raw answer, not yet checked against a signature.

        Args:
            rows: (n, k) float64, as `Model.of_matrix` takes it; not changed before the answer is there.
            timeout_s: Seconds until the child counts as hung.

        Raises:
            ArmFailedError: context `cause` is `crash`, `timeout`, `error` (the model raised) or `shape` (nonsense).
        """
        return await self._answer_to(rows, timeout_s, explain=False)

    async def explanation_of(self, rows: np.ndarray, timeout_s: float) -> Outputs:
        """What `Explanation.packed` gave in the child. As `scores_of`.

        Raises:
            NotExplainableError: The version says that it cannot; nothing has failed.
            ArmFailedError: As in `scores_of`.
        """
        return await self._answer_to(rows, timeout_s, explain=True)

    async def _answer_to(self, rows: np.ndarray, timeout_s: float, *, explain: bool) -> Outputs:
        if self._state != "ready" or self._connection is None:
            raise ArmFailedError("the version on probation is not there", why=self._why, cause="crash")
        loop = asyncio.get_running_loop()
        question = _Question(rows, loop.create_future(), explain=explain)
        # A loop that stood still may find its timer due before it has read the answer that lies in the socket.
        deadline = loop.call_later(timeout_s, loop.call_later, _GRACE_S, _give_up, question, timeout_s)
        self._waiting.append(question)
        self._send()
        try:
            return await question.future
        finally:
            deadline.cancel()

    def replied(self, reply: Reply) -> None:
        """An answer has come in; for this client's connection."""
        questions = self._asked.pop(reply.number, [])
        self._settle(questions, reply)
        self._send()

    def _settle(self, questions: list[_Question], reply: Reply) -> None:
        if reply.error is not None:
            kind, message = reply.error
            if len(questions) > 1:  # one of them may be at fault; none may fail another
                for question in questions:
                    question.alone = True
                self._waiting.extendleft(reversed(questions))
                return
            if kind == NotExplainableError.__name__:
                for question in questions:
                    question.fail(NotExplainableError("the version on probation cannot be explained", why=message))
                return
            cause = "crash" if kind == "MemoryError" else "error"
            for question in questions:
                question.fail(ArmFailedError("the version on probation raised", why=f"{kind}: {message}", cause=cause))
            return
        try:
            outputs = unpack(reply.outputs)
        except (ValueError, TypeError) as error:
            for question in questions:
                question.fail(_nonsense(str(error)))
        else:
            _hand_out(questions, outputs)

    def _send(self) -> None:
        """Ask what waits, unless enough is under way."""
        connection = self._connection
        while connection is not None and connection.transport is not None and len(self._asked) < _FRAMES_UNDER_WAY:
            questions = list(self._next())
            if not questions:
                return
            self._number += 1
            self._asked[self._number] = questions
            rows = questions[0].rows if len(questions) == 1 else np.concatenate([one.rows for one in questions])
            connection.transport.write(frame(Ask(self._number, pack_one(rows), questions[0].explain)))

    def _next(self) -> Iterator[_Question]:
        """What goes into the next frame."""
        rows = 0
        while self._waiting and rows < _MOST_ROWS:
            if rows and self._waiting[0].alone:
                return
            question = self._waiting.popleft()
            if question.future.done():
                continue
            yield question
            if question.alone:
                return
            rows += len(question.rows)

    def _open(self) -> Iterator[_Question]:
        yield from self._waiting
        for questions in self._asked.values():
            yield from questions

    async def _keep_connected(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                _, connection = await loop.create_unix_connection(lambda: _Connection(self), str(self._path))
                self._connection = connection
                async with asyncio.timeout(_HELLO_S):
                    hello = await connection.hello
                self._greeted(hello)
                why = await connection.over if self._state == "ready" else self._why
            except (OSError, TimeoutError) as error:
                why = f"{type(error).__name__}: {error}"
            self._lost(why)
            await asyncio.sleep(_RETRY_S)

    def _greeted(self, hello: Hello) -> None:
        if hello.error is not None:
            self._state, self._why = "refused", hello.error
        elif hello.version != self._version:
            self._why = f"the child holds version {hello.version[:12]}"
        else:
            self._state, self._why = "ready", ""

    def _lost(self, why: str) -> None:
        if self._state == "ready":
            self.losses += 1
            self._state, self._why = "lost", f"its child went away ({why})"
        self._drop(why)

    def _drop(self, why: str) -> None:
        for question in self._open():
            question.fail(ArmFailedError("the version on probation is gone", why=why, cause="crash"))
        self._asked.clear()
        self._waiting.clear()
        if self._connection is not None and self._connection.transport is not None:
            self._connection.transport.close()
        self._connection = None


def _hand_out(questions: list[_Question], outputs: Outputs) -> None:
    """Give each caller its rows of a common answer."""
    total = sum(len(question.rows) for question in questions)
    if len(questions) > 1 and any(array.shape[:1] != (total,) for array in outputs.values()):
        for question in questions:
            question.fail(_nonsense(f"{ {name: array.shape for name, array in outputs.items()} } for {total} rows"))
        return
    start = 0
    for question in questions:
        end = start + len(question.rows)
        if not question.future.done():
            whole = len(questions) == 1
            question.future.set_result(outputs if whole else {n: array[start:end] for n, array in outputs.items()})
        start = end


def _nonsense(why: str) -> ArmFailedError:
    return ArmFailedError("the version on probation sent nonsense", why=why, cause="shape")


def _give_up(question: _Question, timeout_s: float) -> None:
    why = f"nothing came within {timeout_s:g} s"
    question.fail(ArmFailedError("the version on probation did not answer in time", why=why, cause="timeout"))
