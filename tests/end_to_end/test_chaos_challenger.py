"""Whatever a version on probation does to its process, under load, no client notices."""

import time
from collections.abc import Iterator

import pytest
from tests.end_to_end.load import Load
from tests.end_to_end.served import Served
from tests.web.conftest import Home, eventually

pytestmark = pytest.mark.slow

EVIL = """
import ctypes, os, re
import numpy as np
from loopwright.serving.predictor import predict as usual

calls, kept = 0, []

def segfault():
    ctypes.string_at(0)

def exit():
    os._exit(3)

def endless_loop():
    while True:
        pass

def endless_loop_in_native_code():
    re.match("(a+)+$", "a" * 64 + "b")

def ten_gigabytes():
    kept.append(np.ones(10 << 27))

def leak():
    kept.append(np.ones(4 << 17))

def predict(model, columns):
    global calls
    calls += 1
    if calls > 30:
        {what}()
    return usual(model, columns)
"""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = Home(tmp_path_factory.mktemp("project") / ".loopwright")
    home.arms(home.bundle())
    with Served(home, workers=2, probation_memory_mb=700) as made:
        yield made
    home.stores.close()


@pytest.mark.parametrize(
    ("what", "causes"),
    [
        ("segfault", {"crash"}),
        ("exit", {"crash"}),
        ("endless_loop", {"timeout", "crash"}),
        ("endless_loop_in_native_code", {"timeout", "crash"}),
        ("ten_gigabytes", {"crash"}),
        ("leak", {"crash"}),
    ],
)
def test_the_champion_answers_the_arm_is_stopped_and_its_process_is_gone(
    served: Served, what: str, causes: set[str]
) -> None:
    home = served.home
    champion, canary = home.bundle(), home.bundle(seed=1, code=EVIL.replace("{what}", what))
    release = f"rel_{what}"
    home.arms(champion, canary=canary, share=0.5, release=release)
    served.wait_ready(arms={"champion": "ready", "candidate": "ready"})
    before = served.pids()

    with Load(served.port) as load:

        def tripped() -> object:
            (event,) = [one for one in home.events("arm_tripped") if one.subject == f"release:{release}"][:1]
            return event

        def child_gone() -> None:
            assert set(served.pids()) == set(served.names())

        event = eventually(tripped)
        eventually(child_gone)
        time.sleep(0.5)
        settled = len(load.answers)
        time.sleep(0.5)

    assert load.lost == []
    assert load.refused == 0
    assert set(load.statuses) == {200}
    assert event.data["cause"] in causes  # type: ignore[attr-defined]
    arms = [answer.said["arm"] for answer in load.answers]
    assert "candidate" in arms
    assert "candidate" not in arms[settled:]
    fallbacks = [answer for answer in load.answers if answer.said.get("fallback_from")]
    assert fallbacks
    assert {answer.said["version"] for answer in fallbacks} == {champion}
    assert {name: before[name] for name in served.names()} == served.pids(), "a worker was lost"
