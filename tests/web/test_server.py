"""How a server begins and ends."""

import asyncio
import resource

import uvicorn

from loopwright.web.server import Server
from loopwright.web.sockets import listen

REQUEST = b"GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"


async def app(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


def serving(then, *, most=100):
    """Run `then(server, address)` while a server runs; returns what it returns once the server has ended."""

    async def run():
        door = listen("127.0.0.1", 0)
        address = door.getsockname()
        config = uvicorn.Config(app, http="httptools", lifespan="off", log_config=None, date_header=False)
        server = Server(config, most_connections=most)
        task = asyncio.create_task(server.serve(sockets=[door]))
        while not server.started:
            await asyncio.sleep(0.005)
        found = await then(server, address)
        server.end_soon()
        await asyncio.wait_for(task, 10)
        return found

    return asyncio.run(run())


async def ask(reader, writer):
    writer.write(REQUEST)
    head = await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"ok"
    return head


def test_one_that_ends_tells_its_callers_with_their_next_answer_and_takes_nobody_new():
    async def then(server, address):
        reader, writer = await asyncio.open_connection(*address)
        before = await ask(reader, writer)
        server.end_soon()
        await asyncio.sleep(0.1)
        _, late = await asyncio.open_connection(*address)  # waits in the queue of the socket
        after = await ask(reader, writer)
        rest = await reader.read()
        late.close()
        return before, after, rest, len(server.server_state.connections)

    before, after, rest, left = serving(then)
    assert b"connection: close" not in before
    assert b"connection: close" in after
    assert (rest, left) == (b"", 0)


def test_a_silent_caller_does_not_hold_up_the_end():
    async def then(server, address):
        reader, writer = await asyncio.open_connection(*address)
        await ask(reader, writer)
        return reader

    reader = serving(then)
    assert reader.at_eof() or reader.exception() is None


def test_connections_are_fewer_where_the_process_may_not_have_so_many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    config = uvicorn.Config(app, log_config=None)
    resource.setrlimit(resource.RLIMIT_NOFILE, (300, hard))
    try:
        assert Server(config, most_connections=5_000_000)._most_connections == max(1, hard - 256)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == hard
        assert Server(config, most_connections=10)._most_connections == 10
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
