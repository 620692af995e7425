from types import SimpleNamespace

import pytest

from loopwright.errors import NotFoundError, NotReadyError, OverloadedError, UsageError
from loopwright.web.asking import Asked, Asking, HttpLimits, arms_of, signature_of, versions_of


class Clock:
    """A clock that a replay may move."""

    def __init__(self, replay=False):
        self.replay = replay
        self.at = 0

    def monotonic(self):
        return 100.0

    def now(self):
        return self.at

    def advance(self, to):
        self.at = to


class Ids:
    def of(self, given):
        return given or "req_new"


def asking(clock=None, **limits):
    return Asking({"flights": ENDPOINT}, clock=clock or Clock(), ids=Ids(), limits=HttpLimits(**limits))


def arm(version):
    return SimpleNamespace(
        spec=SimpleNamespace(version=version), intake=SimpleNamespace(door=SimpleNamespace(signature=f"of {version}"))
    )


class Arms:
    champion = arm("c" * 64)
    canaries = (arm("d" * 64),)

    def by_version(self, prefix):
        return next((a for a in (self.champion, *self.canaries) if a.spec.version.startswith(prefix)), None)


ENDPOINT = SimpleNamespace(name="flights", arms=Arms())
EMPTY = SimpleNamespace(name="trains", arms=None)


@pytest.mark.parametrize(("own", "server", "deadline"), [(None, 10.0, 110.0), (0.5, 10.0, 100.5), (60.0, 10.0, 110.0)])
def test_a_callers_patience_counts_where_it_is_shorter(own, server, deadline):
    call = asking(timeout_s=server).call(Asked(records=[{}], headers={}, timeout_s=own))
    assert (call.started, call.deadline) == (100.0, deadline)


def test_a_call_keeps_what_was_asked():
    headers = {"x-request-id": "mine", "x-team": "a"}
    call = asking().call(Asked(records=[{"a": 1}], headers=headers, pinned="c" * 8, explain=True))
    assert (call.id, call.records, call.pinned, call.explain, call.headers) == (
        "mine", [{"a": 1}], "c" * 8, True, headers
    )  # fmt: skip
    assert call.received_at is None


def test_a_replay_is_told_the_time_by_the_request():
    call = asking(Clock(replay=True)).call(Asked(records=[{}], headers={"loopwright-clock": "77"}))
    assert call.received_at == 77
    for wrong in ("-1", "1.5", "soon", "9" * 19):
        with pytest.raises(UsageError, match="clock"):
            asking(Clock(replay=True)).call(Asked(records=[{}], headers={"loopwright-clock": wrong}))


def test_too_many_records_are_refused():
    with pytest.raises(UsageError, match="10001 records"):
        asking().call(Asked(records=[{}] * 10_001, headers={}))


def test_there_is_room_for_so_many_and_it_is_given_back():
    door = asking(in_flight=2)
    with door.room(), door.room():
        assert door.in_flight == 2
        with pytest.raises(OverloadedError), door.room():
            pass
    with pytest.raises(ValueError, match="x"), door.room():
        raise ValueError("x")
    assert door.in_flight == 0


def test_endpoints_and_versions_are_found_or_named():
    assert asking().endpoint("flights") is ENDPOINT
    with pytest.raises(NotFoundError, match="trains"):
        asking().endpoint("trains")
    assert versions_of(ENDPOINT) == ["c" * 64, "d" * 64]
    assert signature_of(ENDPOINT) == "of " + "c" * 64
    assert signature_of(ENDPOINT, "dddddddd") == "of " + "d" * 64
    with pytest.raises(NotFoundError, match="version"):
        signature_of(ENDPOINT, "e" * 64)
    with pytest.raises(NotReadyError):
        arms_of(EMPTY)
