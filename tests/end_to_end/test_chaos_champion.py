"""A champion that takes its worker down, at start or in service: another answers for it, and it is told."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.end_to_end.load import EXAMPLE, Load
from tests.end_to_end.served import Served
from tests.web.conftest import Home, eventually

from loopwright.core.events import EventDraft
from loopwright.release.routing import Arm, Arms
from loopwright.store.ledger import Record

pytestmark = pytest.mark.slow

EVIL = """
import ctypes, os, re
import numpy as np
from loopwright.serving.predictor import predict as usual

calls = 0
{at_import}

def segfault():
    ctypes.string_at(0)

def exit():
    os._exit(3)

def endless_loop():
    while True:
        pass

def endless_loop_in_native_code():
    re.match("(a+)+$", "a" * 64 + "b")

def nothing():
    pass

def predict(model, columns):
    global calls
    calls += 1
    if calls > 5:
        {in_service}()
    return usual(model, columns)
"""
DEFAULT = {"prediction": False, "score": 0.25}


def evil(home: Home, *, at_import: str = "", in_service: str = "nothing") -> str:
    code = EVIL.replace("{at_import}", at_import).replace("{in_service}", in_service)
    return home.bundle(seed=7, code=code)


def set_arms(home: Home, champion: str, **more: Any) -> None:
    home.revision += 1
    id = f"arms-{home.revision}"
    spec = Arm(name="champion", role="champion", version=champion, share=1.0)
    arms = Arms(endpoint="flights", revision=home.revision, arms=(spec,), **more)
    home.stores.ledger.commit(
        moves={"default/endpoint/flights@arms": id},
        records=[Record(kind="arms", id=id, data=arms.to_json())],
        events=[EventDraft(kind="release_step", subject="endpoint:flights")],
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "project" / ".loopwright")
    yield made
    made.stores.close()


def stood_in(served: Served) -> Callable[[], dict[str, Any]]:
    """Asks until somebody answers for the champion."""

    def ask() -> dict[str, Any]:
        answer = httpx.post(f"http://127.0.0.1:{served.port}/predict/flights", json=EXAMPLE, timeout=5.0)
        assert answer.status_code == 200, answer.text
        assert answer.json().get("fallback_from") == "champion"
        assert [lease["arms"]["flights"]["champion"] for lease in served.leases().values()][-1:] != []
        return dict(answer.json())

    return ask


@pytest.mark.parametrize("what", ["segfault", "exit", "endless_loop", "endless_loop_in_native_code"])
def test_one_that_takes_its_worker_down_in_service_is_replaced_by_the_version_before(home: Home, what: str) -> None:
    before, champion = home.bundle(), evil(home, in_service=what)
    set_arms(home, before)
    with Served(home, stuck_s=1.5, request_timeout_s=1.0) as served:
        set_arms(home, champion, previous=before)
        served.wait_ready()
        with Load(served.port, connections=2, pause_s=0.02):

            def told() -> Any:
                (event,) = home.events("champion_failed")
                return event

            event = eventually(told, 60.0)
            said = eventually(stood_in(served))
        with Load(served.port, connections=4) as after:
            time.sleep(1.0)
    assert event.data["version"] == champion
    assert event.data["instead"] == before
    assert said["version"] == before
    record = home.stores.ledger.record("champion_failed", f"flights/{champion}")
    assert record is not None
    assert record.data["event"] == event.seq
    assert "took its worker down 3 times" in record.data["why"]
    assert after.lost == []
    assert set(after.statuses) == {200}
    assert {answer.said["version"] for answer in after.answers} == {before}


def test_one_that_crashes_as_it_is_loaded_keeps_nothing_from_starting(home: Home) -> None:
    before = home.bundle()
    set_arms(home, evil(home, at_import="ctypes.string_at(0)"), previous=before)
    with Served(home) as served:
        assert eventually(stood_in(served))["version"] == before
        assert len(home.events("champion_failed")) == 1


def test_one_that_cannot_be_loaded_at_start_is_replaced_at_once(home: Home) -> None:
    before = home.bundle()
    set_arms(home, evil(home, at_import="raise RuntimeError('not today')"), previous=before)
    with Served(home, workers=2) as served:
        assert eventually(stood_in(served))["version"] == before
        (event,) = home.events("champion_failed")
        assert event.data["cause"] == "load"
        state = served.get("/health/ready").json()["endpoints"]["flights"]
        assert state["ready"] is True


def test_without_a_version_before_the_declared_default_answers(home: Home) -> None:
    champion = evil(home, at_import="os._exit(9)")
    set_arms(home, champion, default=DEFAULT)
    with Served(home) as served:
        said = eventually(stood_in(served))
        assert (said["prediction"], said["score"], said["arm"]) == (False, 0.25, "default")


def test_a_healthy_champion_whose_worker_is_killed_again_and_again_stays_champion(home: Home) -> None:
    before, champion = home.bundle(), home.bundle(seed=2)
    set_arms(home, champion, previous=before)
    with Served(home) as served:
        for _ in range(4):
            pid = served.kill("worker-1")
            eventually(lambda pid=pid: _another(served, pid))
            served.wait_ready()
        answer = httpx.post(f"http://127.0.0.1:{served.port}/predict/flights", json=EXAMPLE, timeout=5.0).json()
    assert (answer["version"], answer.get("fallback_from")) == (champion, None)
    assert home.events("champion_failed") == []


def _another(served: Served, pid: int) -> None:
    assert served.pids()["worker-1"] != pid
