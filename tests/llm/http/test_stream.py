"""A body that is read part by part."""

import asyncio

import msgspec
import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.http.patience import Patience
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.http.stream import HttpStream
from loopwright.llm.provider import HttpAsk
from loopwright.testing.upstream_server import LocalUpstream

ASK = HttpAsk(path="/completions", body=msgspec.json.encode({"model": "tiny", "prompt": "word " * 100}))


def test_reading_all_of_it_stops_at_the_most_that_is_taken():
    async def journey(url):
        async with HttpPool() as pool:
            stream = await pool.open(url, ASK, patience=Patience())
            assert isinstance(stream, HttpStream)
            whole = await stream.read(10_000)
            with pytest.raises(UpstreamError, match="more than is taken"):
                await (await pool.open(url, ASK, patience=Patience())).read(100)
            return stream.status, msgspec.json.decode(whole)["choices"][0]["text"]

    with LocalUpstream() as upstream:
        assert asyncio.run(journey(upstream.url)) == (200, "word " * 100)


def test_closing_after_the_end_keeps_the_connection():
    async def journey(url):
        async with HttpPool() as pool:
            stream = await pool.open(url, ASK, patience=Patience())
            await stream.read(10_000)
            stream.close()
            await asyncio.sleep(0.01)
            return list(pool.connections.values())

    with LocalUpstream() as upstream:
        assert asyncio.run(journey(upstream.url)) == [1]
