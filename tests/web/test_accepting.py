"""Taking connections from a shared socket."""

import asyncio
import socket

import pytest

from loopwright.web.accepting import Acceptor
from loopwright.web.sockets import listen


class Kept(asyncio.Protocol):
    def __init__(self, taken):
        self.taken = taken

    def connection_made(self, transport):
        self.taken.append(transport)

    def connection_lost(self, error):
        pass


@pytest.fixture
def door():
    made = listen("127.0.0.1", 0)
    yield made
    made.close()


def test_two_that_share_a_socket_share_the_connections(door):
    first, second = [], []

    async def run():
        doors = [door, door.dup()]
        acceptors = [
            Acceptor(one, lambda t=taken: Kept(t), tls=None, open_now=lambda t=taken: len(t), most=1000, shared=True)
            for one, taken in zip(doors, (first, second), strict=True)
        ]
        callers = [await asyncio.open_connection(*door.getsockname()) for _ in range(60)]
        for _ in range(400):
            if len(first) + len(second) == 60:
                break
            await asyncio.sleep(0.005)
        for acceptor in acceptors:
            acceptor.close()
            await acceptor.wait_closed()
        for _, writer in callers:
            writer.close()
        doors[1].close()

    asyncio.run(run())
    assert len(first) + len(second) == 60
    assert min(len(first), len(second)) >= 15


def test_one_that_is_full_says_so_and_one_that_is_closed_leaves_them_waiting(door):
    taken = []

    async def run():
        acceptor = Acceptor(door, lambda: Kept(taken), tls=None, open_now=lambda: len(taken), most=2, shared=False)
        for _ in range(2):
            await asyncio.open_connection(*door.getsockname())
        await asyncio.sleep(0.05)
        reader, _ = await asyncio.open_connection(*door.getsockname())
        said = await reader.read()
        acceptor.close()
        _, writer = await asyncio.open_connection(*door.getsockname())
        await asyncio.sleep(0.05)
        writer.close()
        return said

    said = asyncio.run(run())
    assert len(taken) == 2
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503")
    assert b"retry-after: 1" in head
    assert int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]) == len(body)
    waiting, _ = door.accept()
    assert isinstance(waiting, socket.socket)
    waiting.close()
