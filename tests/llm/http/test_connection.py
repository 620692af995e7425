"""One connection: its deadlines move with every request, and what it was not asked for ends it."""

import asyncio
import time

import pytest

from loopwright.llm.http.connection import Connection
from loopwright.llm.http.patience import HttpLimits, Patience

HEAD = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


class Keeper:
    def __init__(self):
        self.told = []

    def free(self, connection):
        self.told.append("free")

    def lost(self, connection):
        self.told.append("lost")


def journey(*answers: bytes, steps):
    """Connect to a server that gives these answers, one for each request, and hangs after them."""

    async def serve(reader, writer):
        try:
            for answer in answers:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
            await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def whole():
        keeper = Keeper()
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection("http://x", limits=HttpLimits(), keeper=keeper),
                *server.sockets[0].getsockname()[:2],
            )
            try:
                return await steps(connection, keeper)
            finally:
                connection.drop()
                await asyncio.sleep(0.01)

    return asyncio.run(whole())


async def ask(connection, patience=None):
    exchange = connection.send(HEAD, b"", patience=patience or Patience(), whole=True)
    await connection.answered(exchange)
    return exchange


def test_a_later_request_may_be_less_patient_than_the_one_before():
    async def steps(connection, keeper):
        await ask(connection, Patience(first_s=30.0))
        started = time.monotonic()
        late = await ask(connection, Patience(first_s=0.1))
        return late.failure.context["cause"], time.monotonic() - started

    cause, took = journey(OK, steps=steps)
    assert cause == "timeout"
    assert took < 1.0


def test_a_deadline_of_an_earlier_request_does_not_end_a_later_one():
    async def steps(connection, keeper):
        await ask(connection, Patience(first_s=0.1))
        slow = asyncio.create_task(ask(connection, Patience(first_s=0.4)))
        await asyncio.sleep(0.25)
        return slow.done(), (await slow).failure.context["cause"]

    assert journey(OK, steps=steps) == (False, "timeout")


@pytest.mark.parametrize("more", [b"garbage", b"\x00", OK, b"HTTP/1.1 200 OK\r\n"])
def test_an_answer_with_more_behind_it_is_the_last_of_its_connection(more):
    async def steps(connection, keeper):
        exchange = await ask(connection)
        usable = connection.usable
        await asyncio.sleep(0.02)
        return exchange.take(), usable, keeper.told

    assert journey(OK + more, steps=steps) == (b"ok", False, ["lost"])


def test_bytes_that_nobody_asked_for_end_a_free_connection():
    async def steps(connection, keeper):
        await ask(connection)
        connection.data_received(OK)
        await asyncio.sleep(0.02)
        return connection.usable, keeper.told

    assert journey(OK, steps=steps) == (False, ["free", "lost"])
