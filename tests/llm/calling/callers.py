"""Callers over local upstreams, for the tests of this folder."""

import asyncio
from contextlib import ExitStack

import numpy as np

from loopwright.core.clock import SystemClock
from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask
from loopwright.llm.calling.caller import Caller
from loopwright.llm.http.pool import HttpPool
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Circuit, Retry, Route, Timeouts, Upstream
from loopwright.testing.upstream_server import LocalUpstream

QUICK = Retry(times=2, first_s=0.01, longest_s=0.05)
IMPATIENT = Timeouts(connect_s=0.2, first_token_s=0.2, between_tokens_s=0.2, total_s=0.8)
NEVER_OPEN = Circuit(least_failures=1000)


def chat(text: str = "one two three", *, stream: bool = False, **fields) -> Ask:
    body = {"model": "any", "messages": [{"role": "user", "content": text}], **fields}
    return Ask(operation="chat", body=body | ({"stream": True} if stream else {}), stream=stream)


async def nothing(_: Upstream, _lost: int) -> None:
    """Nothing to do before an attempt."""


def no_secret(reference: str) -> str:
    raise UpstreamError(f"there is no key at {reference!r}", cause="config")


class Stage:
    """Local upstreams by name, and what a journey makes of a route over them."""

    def __init__(self, *names: str, **options) -> None:
        self._stack = ExitStack()
        self.servers = {name: self._stack.enter_context(LocalUpstream(**options)) for name in names}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stack.close()

    def __getitem__(self, name: str) -> LocalUpstream:
        return self.servers[name]

    def upstreams(self, **fields) -> tuple[Upstream, ...]:
        """The first with a weight of 1, each other one for the first to fall back on."""
        return tuple(
            Upstream(name=name, url=server.url, model="tiny", weight=float(number == 0), **fields.get(name, {}))
            for number, (name, server) in enumerate(self.servers.items())
        )

    def run(self, journey, *, secrets=no_secret, providers=provider_of, upstreams=None, circuits=None, **route):
        """Let `journey(caller)` happen."""
        settings = {"retry": QUICK, "timeouts": IMPATIENT, "circuit": NEVER_OPEN} | route

        async def whole():
            async with HttpPool() as pool:
                caller = Caller(
                    Route(upstreams=upstreams or self.upstreams(), **settings), pool=pool, providers=providers,
                    secrets=secrets, clock=SystemClock(), rng=np.random.default_rng(7), circuits=circuits,
                )  # fmt: skip
                return await journey(caller)

        return asyncio.run(whole())

    def call(self, ask: Ask | None = None, *, before=nothing, **settings):
        """One call."""
        return self.run(lambda caller: caller.call(ask or chat(), before=before), **settings)


async def settled(condition, limit_s: float = 1.0) -> bool:
    """Whether a condition holds soon."""
    for _ in range(round(limit_s / 0.01)):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False
