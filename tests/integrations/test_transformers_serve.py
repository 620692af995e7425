"""A model behind `transformers serve` is an ordinary upstream. By the interpreter with torch."""

import asyncio
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from loopwright.core.clock import SystemClock
from loopwright.llm.ask import Ask
from loopwright.llm.builtin.pool import UpstreamPool
from loopwright.llm.calling.caller import Caller
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Retry, Route, Timeouts, Upstream

PYTHON = os.environ.get("LOOPWRIGHT_TORCH_PYTHON", "")
MAKE = "import get_data, pathlib, sys; get_data.make_tiny(pathlib.Path(sys.argv[1]), ['one two three four'] * 50)"
TEMPLATE = Path(__file__).parent.parent.parent / "src" / "loopwright" / "templates" / "finetune"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="LOOPWRIGHT_TORCH_PYTHON names no interpreter with transformers[serving]"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The base URL of a server, and the model's name there."""
    folder = tmp_path_factory.mktemp("served")
    model = str(folder / "tiny")
    subprocess.run([PYTHON, "-c", MAKE, model], cwd=TEMPLATE, check=True, capture_output=True, timeout=200)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(PYTHON).parent / "transformers"), "serve", "--host", "127.0.0.1", "--port", str(port)]
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(folder / "hf")}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=folder)
    try:
        _wait(process, port, folder / "log")
        yield f"http://127.0.0.1:{port}/v1", model
    finally:
        process.kill()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 120
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    pytest.fail("the server did not come up")


async def _before(*_: Any) -> None:
    """Nothing to do before an attempt."""


def _caller(server: tuple[str, str], pool: UpstreamPool) -> Caller:
    url, model = server
    upstream = Upstream(name="served", url=url, model=model)
    patient = Timeouts(first_token_s=60.0, between_tokens_s=60.0)
    route = Route(upstreams=(upstream,), retry=Retry(times=0), timeouts=patient)
    return Caller(
        route, pool=pool, providers=provider_of, secrets=str, clock=SystemClock(), rng=np.random.default_rng(0)
    )


def _ask(*, stream: bool = False) -> Ask:
    body = {"model": "any", "messages": [{"role": "user", "content": "one two"}], "max_tokens": 8, "temperature": 0}
    return Ask(operation="chat", body=body | ({"stream": True} if stream else {}), stream=stream)


def test_a_chat_is_answered_whole_and_as_a_stream(server: tuple[str, str]) -> None:
    async def both() -> tuple[str, int, str]:
        async with UpstreamPool() as pool:
            caller = _caller(server, pool)
            called = await caller.call(_ask(), before=_before)
            stream = await caller.stream(_ask(stream=True), before=_before)
            pieces = [piece.text async for piece in stream]
        usage = called.reply.usage
        return called.reply.text, 0 if usage is None else usage.output_tokens, "".join(pieces)

    whole, tokens, streamed = asyncio.run(both())
    assert whole
    assert 0 < tokens <= 8
    # Of letters whose last bytes never come that server's stream says nothing, and its whole answer a sign for each.
    assert streamed.replace("\ufffd", "").strip() == whole.replace("\ufffd", "").strip()
