import asyncio
from contextlib import nullcontext

import pytest

from loopwright.errors import ArmFailedError, NotReadyError
from loopwright.web.sse import EventStream


class Reader:
    """Takes what is sent, and may go away."""

    def __init__(self):
        self.messages = []
        self.gone = asyncio.Event()
        self.sent = asyncio.Event()

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(message)
        self.sent.set()

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.messages)


def stream(events, reader):
    return EventStream(events, request_id="r1", receive=reader.receive, room=nullcontext)


def test_each_event_is_sent_as_it_comes_and_the_end_is_told():
    async def run():
        reader = Reader()

        async def events():
            for number in range(3):
                if number:
                    assert b'data: {"n":%d}' % (number - 1) in reader.text, "the event before is out already"
                yield {"n": number, "text": "a\nb"} if number == 2 else {"n": number}

        await stream(events, reader).send(reader.send)
        return reader

    reader = asyncio.run(run())
    head, *bodies = reader.messages
    assert dict(head["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert reader.text == (
        b'id: 1\ndata: {"n":0}\n\nid: 2\ndata: {"n":1}\n\n'
        b'id: 3\ndata: {"n":2,"text":"a\\nb"}\n\nevent: done\ndata: {"request_id":"r1"}\n\n'
    )
    assert [body.get("more_body", False) for body in bodies] == [True] * 4 + [False]


def test_what_fails_before_the_first_event_is_an_ordinary_error():
    async def run():
        reader = Reader()

        async def events():
            raise NotReadyError("nothing is loaded")
            yield {}

        with pytest.raises(NotReadyError):
            await stream(events, reader).send(reader.send)
        return reader

    assert asyncio.run(run()).messages == []


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [(ArmFailedError("it raised", why="a table is gone"), "LW508", True), (ValueError("a row"), "LW900", False)],
)
def test_what_fails_later_is_the_last_event(error, code, shown):
    async def run():
        reader = Reader()

        async def events():
            yield {"n": 1}
            raise error

        await stream(events, reader).send(reader.send)
        return reader.text.decode()

    text = asyncio.run(run())
    assert f'event: error\ndata: {{"code":"{code}"' in text
    assert "event: done" not in text
    assert (str(error) in text or "a table is gone" in text) is shown


@pytest.mark.parametrize("begun", [False, True])
def test_a_reader_who_goes_away_ends_the_iterator(begun):
    closed = asyncio.Event()

    async def run():
        reader = Reader()

        async def events():
            try:
                if begun:
                    yield {"n": 1}
                await asyncio.sleep(60)
                yield {"n": 2}
            finally:
                closed.set()

        sending = asyncio.create_task(stream(events, reader).send(reader.send))
        await (reader.sent.wait() if begun else asyncio.sleep(0.01))
        reader.gone.set()
        with pytest.raises(ConnectionAbortedError):
            await asyncio.wait_for(sending, 5)
        return reader.text

    assert asyncio.run(run()).count(b"data:") == int(begun)
    assert closed.is_set()


def test_a_connection_that_breaks_ends_the_iterator():
    closed = []

    async def run():
        reader = Reader()

        async def events():
            try:
                for number in range(100):
                    yield {"n": number}
            finally:
                closed.append(True)

        async def send(message):
            if len(reader.messages) == 3:
                raise OSError("broken")
            await reader.send(message)

        with pytest.raises(OSError, match="broken"):
            await stream(events, reader).send(send)
        return list(closed)

    assert asyncio.run(run()) == [True]


def test_a_place_is_held_for_as_long_as_it_takes():
    held = []

    class Room:
        def __enter__(self):
            held.append(True)

        def __exit__(self, *error):
            held.append(False)

    async def run():
        reader = Reader()

        async def events():
            assert held == [True]
            yield {}

        await EventStream(events, request_id="r1", receive=reader.receive, room=Room).send(reader.send)

    asyncio.run(run())
    assert held == [True, False]


def test_while_an_event_is_waited_for_the_connection_is_shown_to_live(monkeypatch):
    monkeypatch.setattr("loopwright.web.sse._BREATH_S", 0.02)

    async def run():
        reader = Reader()

        async def events():
            yield {"n": 1}
            await asyncio.sleep(0.1)
            yield {"n": 2}

        await stream(events, reader).send(reader.send)
        return reader.text

    assert b'{"n":1}\n\n: waiting\n\n' in asyncio.run(run())
