"""The child as a real process, asked by a real client."""

import asyncio
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from loopwright.core.environment import child_environment
from loopwright.serving.explain import Explanation
from loopwright.serving.loading import socket_path
from loopwright.serving.probation import ProbationClient

COLUMNS = {"carrier": np.array([0, 1], np.int32), "distance": np.array([100.0, 2000.0])}


@pytest.fixture
def child(extracted, signature, model, tmp_path):
    started = []

    def start(code=None):
        folder = extracted(model("binary"), signature("binary"), code=code)
        path = socket_path(tmp_path, folder.name)
        command = [sys.executable, "-m", "loopwright.serving.probation_child", str(folder), str(path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, env=child_environment(), cwd=folder)
        started.append(process)
        return process, ProbationClient(path, folder.name)

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()


async def up(client):
    client.start()
    for _ in range(1000):
        if client.state != "starting":
            return
        await asyncio.sleep(0.01)
    raise AssertionError("the child did not come up")


def test_it_answers_keeps_its_word_on_sigterm_and_ends_when_let_go(child, model):
    process, client = child()

    async def run():
        await up(client)
        before = await client.scores(COLUMNS, 5.0)
        process.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        after = await client.scores(COLUMNS, 5.0)
        await client.close()
        return before, after

    before, after = asyncio.run(run())
    expected = model("binary").predict_proba(np.column_stack(list(COLUMNS.values())).astype(float))[:, 1]
    np.testing.assert_allclose(before["score"], expected)
    np.testing.assert_allclose(after["score"], expected)
    assert process.wait(timeout=10) == 0


def test_it_ends_with_its_parent_even_while_the_model_hangs(child):
    code = """
import time
import numpy as np
calls = 0

def predict(model, columns):
    global calls
    calls += 1
    if calls > 1:
        time.sleep(600)
    return {"score": np.zeros(len(columns["distance"]))}
"""
    process, client = child(code)

    async def run():
        await up(client)
        asking = asyncio.create_task(client.scores(COLUMNS, 30.0))
        await asyncio.sleep(0.2)
        process.stdin.close()
        while process.poll() is None:
            await asyncio.sleep(0.01)
        await asyncio.gather(asking, return_exceptions=True)
        await client.close()

    asyncio.run(asyncio.wait_for(run(), 20))


def test_a_model_that_cannot_load_says_why_to_whoever_asks(child):
    _, client = child("import a_package_that_is_not_here")

    heard = []

    async def listen():
        await up(client)
        heard.append((client.state, client.why))
        await client.close()

    asyncio.run(listen())
    ((state, why),) = heard
    assert state == "refused"
    assert "a_package_that_is_not_here" in why


def test_its_socket_is_its_owners_alone(child, tmp_path):
    _, client = child()

    async def run():
        await up(client)
        mode = os.stat(client._path).st_mode & 0o777
        await client.close()
        return mode

    assert asyncio.run(run()) == 0o600


def test_it_explains_where_its_model_can(child, signature):
    _, client = child()
    rows = np.column_stack(list(COLUMNS.values())).astype(float)

    async def run():
        await up(client)
        arrays = await client.explanation_of(rows, 5.0)
        scores = await client.scores_of(rows, 5.0)
        await client.close()
        return Explanation.unpacked(arrays, signature("binary"), 2), scores["score"]

    found, scores = asyncio.run(run())
    assert found.scale == "log_odds"
    totals = found.base_value[0] + sum(values[:, 0] for values in found.contributions.values())
    np.testing.assert_allclose(1 / (1 + np.exp(-totals)), scores)
