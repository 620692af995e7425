"""One `serve` for several endpoints, whose code has modules of the same names."""

import contextlib
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from tests.end_to_end.load import EXAMPLE
from tests.end_to_end.served import Served
from tests.web.conftest import Home, eventually

from loopwright.store.ledger import Record

pytestmark = pytest.mark.slow

CODE = """
import numpy as np

def predict(model, columns):
    return {"score": np.full(len(columns["distance"]), %s)}
"""
CRASH = """
import ctypes
import numpy as np

def predict(model, columns):
    if (columns["distance"] == 666).any():
        ctypes.string_at(0)
    return {"score": np.full(len(columns["distance"]), 0.5)}
"""


def serve(home: Home, name: str, version: str, **more: object) -> None:
    arms = [{"name": "champion", "role": "champion", "version": version, "share": 1.0}]
    data = {"endpoint": name, "revision": 1, "release": None, "arms": arms, **more}
    record = Record(kind="arms", id=f"arms-{name}", data=data)
    home.stores.ledger.commit(moves={f"default/endpoint/{name}@arms": record.id}, records=[record])


def ask(served: Served, name: str, **changes: object) -> httpx.Response:
    return httpx.post(f"http://127.0.0.1:{served.port}/predict/{name}", json=EXAMPLE | changes, timeout=10.0)


def test_every_champion_of_the_home_is_served_each_with_its_own_code(tmp_path: Path) -> None:
    home = Home(tmp_path / ".loopwright")
    home.arms(home.bundle(code=CODE % 0.25))
    serve(home, "trains", home.bundle(code=CODE % 0.75))
    with Served(home, workers=2) as served:
        eventually(lambda: _ready(served))
        for _ in range(8):
            assert ask(served, "flights").json()["score"] == 0.25
            assert ask(served, "trains").json()["score"] == 0.75
    home.stores.close()


def test_a_champion_that_crashes_condemns_itself_and_not_its_neighbour(tmp_path: Path) -> None:
    home = Home(tmp_path / ".loopwright")
    before = home.bundle()
    home.arms(home.bundle(code=CODE % 0.25))
    serve(home, "trains", home.bundle(code=CRASH), previous=before)
    with Served(home) as served:
        eventually(lambda: _ready(served))

        def crash() -> None:
            with contextlib.suppress(httpx.HTTPError):
                ask(served, "trains", distance=666)
            (event,) = home.events("champion_failed")
            assert event.data["endpoint"] == "trains"

        eventually(crash, 60.0)
        eventually(lambda: _ready(served))
        assert ask(served, "trains").json()["version"] == before
        assert "fallback_from" not in ask(served, "flights").json()
    home.stores.close()


def test_an_endpoint_without_a_champion_is_named(tmp_path: Path) -> None:
    home = Home(tmp_path / ".loopwright")
    home.arms(home.bundle())
    command = [sys.executable, "-m", "loopwright.cli.main", "serve", "--project", str(tmp_path), "--port", "0"]
    done = subprocess.run([*command, "--endpoint", "ships"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "'ships' has no champion to serve" in done.stderr
    home.stores.close()


def _ready(served: Served) -> None:
    endpoints = served.get("/health/ready").json()["endpoints"]
    assert {name: state["ready"] for name, state in endpoints.items()} == {"flights": True, "trains": True}
