import pytest

from loopwright.core.access import SCOPES
from loopwright.core.hashing import digest_bytes
from loopwright.errors import (
    ForbiddenError,
    LoopwrightError,
    RateLimitedError,
    RequestRefusedError,
    UnauthorisedError,
    UnsafeDoorError,
)
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock
from loopwright.web.auth import Doors, check_address, is_loopback, read_token
from loopwright.web.keyring import Keyring
from loopwright.web.rate_limit import RateLimits

LOCAL = {"host": "127.0.0.1:8700"}
BEARER = {"authorization": "Bearer s3cret"}
JSON = {"content-type": "application/json; charset=utf-8"}


def admitted(doors, method="GET", *, headers, **access):
    try:
        doors.admit(method, headers, **access)
    except LoopwrightError as error:
        return type(error)
    return None


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1:1", None), ("localhost", None), ("LOCALHOST:80", None), ("[::1]:80", None), ("loop.test", None),
     ("", ForbiddenError), ("evil.example", ForbiddenError), ("127.0.0.1.evil.example", ForbiddenError),
     ("[::1].evil", ForbiddenError), ("[::1", ForbiddenError)],
)  # fmt: skip
def test_on_loopback_the_host_must_be_ours(host, answer):
    doors = Doors(token="s3cret", hosts=frozenset({"loop.test"}))
    assert admitted(doors, headers={"host": host}, open_on_loopback=True) is answer


@pytest.mark.parametrize(
    ("origin", "answer"),
    [("http://127.0.0.1:8700", None), ("http://127.0.0.1:9999", ForbiddenError), ("null", ForbiddenError),
     ("https://evil.example", ForbiddenError)],
)  # fmt: skip
def test_an_origin_must_be_our_own(origin, answer):
    assert admitted(Doors(token="s3cret"), headers=LOCAL | {"origin": origin}, open_on_loopback=True) is answer


@pytest.mark.parametrize(
    ("loopback", "access", "answer"),
    [
        (True, {}, UnauthorisedError),
        (True, {"open_on_loopback": True}, None),
        (True, {"open_to_all": True}, None),
        (False, {}, UnauthorisedError),
        (False, {"open_on_loopback": True}, UnauthorisedError),
        (False, {"open_to_all": True}, None),
    ],
)
def test_who_needs_a_key_where(loopback, access, answer):
    doors = Doors(token="s3cret", loopback=loopback)
    assert admitted(doors, headers=LOCAL, **access) is answer
    assert admitted(doors, headers=LOCAL | BEARER, **access) is None


@pytest.mark.parametrize("given", ["", "s3cret", "Basic s3cret", "Bearer", "Bearer ", "Bearer wrong", "Bearer s3cret2"])
def test_what_is_no_key_opens_nothing(given):
    assert admitted(Doors(token="s3cret"), headers=LOCAL | {"authorization": given}) is UnauthorisedError


def test_a_home_without_a_token_opens_to_nobody(tmp_path):
    assert read_token(tmp_path) == ""
    assert admitted(Doors(token=""), headers=LOCAL | {"authorization": "Bearer "}) is UnauthorisedError


def keyring(*records, clock=None):
    clock = clock or ManualClock()
    ledger = MemoryLedger(clock=clock)
    ledger.commit(records=[Record(kind="api_key", id=data["id"], data=with_digest(data)) for data in records])
    return Keyring(ledger, clock)


def with_digest(data):
    return {"digest": digest_bytes(data["id"].encode())} | {name: data[name] for name in data if name != "id"}


def bearer(secret):
    return {"host": "any", "authorization": f"Bearer {secret}"}


def test_a_key_opens_what_its_scopes_say_and_one_without_scopes_opens_everything():
    keys = keyring({"id": "old"}, {"id": "new", "scopes": ["predict"]}, {"id": "gone", "revoked": True})
    doors = Doors(token="s3cret", keys=keys, loopback=False)
    for scope in SCOPES:
        assert admitted(doors, headers=bearer("old"), scope=scope) is None
        assert admitted(doors, headers=bearer("s3cret"), scope=scope) is None
        assert admitted(doors, headers=bearer("new"), scope=scope) is (None if scope == "predict" else ForbiddenError)
        assert admitted(doors, headers=bearer("gone"), scope=scope) is UnauthorisedError


def test_a_refusal_for_want_of_a_scope_says_which_and_how_to_get_it():
    doors = Doors(token="", keys=keyring({"id": "k", "scopes": ["predict"]}))
    with pytest.raises(ForbiddenError) as caught:
        doors.admit("GET", LOCAL | {"authorization": "Bearer k"}, scope="feedback")
    assert "feedback" in caught.value.what
    assert "predict" in caught.value.why
    assert "loopwright key new NAME --scope feedback" in caught.value.fix


def test_a_caller_is_known_by_its_key_and_told_what_is_left_of_its_rate(tmp_path):
    clock = ManualClock()
    keys = keyring({"id": "k", "rate": {"requests": 2, "period_s": 60.0}}, {"id": "free"}, clock=clock)
    doors = Doors(token="s3cret", keys=keys, limits=RateLimits(tmp_path, clock.monotonic))
    headers = LOCAL | {"authorization": "Bearer k"}
    assert doors.admit("GET", LOCAL, open_on_loopback=True).name == "anyone"
    assert doors.admit("GET", LOCAL | BEARER).name == "home"
    assert doors.admit("GET", LOCAL | {"authorization": "Bearer free"}).headers == ()
    first = doors.admit("GET", headers)
    assert (first.name, dict(first.headers)) == ("k", {b"ratelimit-limit": b"2", b"ratelimit-remaining": b"1"})
    assert dict(doors.admit("GET", headers).headers)[b"ratelimit-remaining"] == b"0"
    with pytest.raises(RateLimitedError) as caught:
        doors.admit("GET", headers, open_on_loopback=True)
    assert caught.value.context["retry_after_s"] == pytest.approx(30.0)


def test_where_no_key_is_needed_a_wrong_one_is_as_good_as_none():
    doors = Doors(token="s3cret", keys=keyring({"id": "k", "scopes": ["feedback"]}))
    for secret in ("wrong", "k"):
        assert admitted(doors, headers=LOCAL | {"authorization": f"Bearer {secret}"}, open_on_loopback=True) is None


@pytest.mark.parametrize(
    ("host", "access", "answer"),
    [
        ("loop.example", {}, None),
        ("LOOP.example:8700", {}, None),
        ("127.0.0.1", {}, None),
        ("evil.example", {}, ForbiddenError),
        ("10.1.2.3:8700", {}, ForbiddenError),
        ("10.1.2.3:8700", {"open_to_all": True}, None),
    ],
)
def test_on_another_address_the_host_is_one_of_those_allowed(host, access, answer):
    doors = Doors(token="s3cret", loopback=False, hosts=frozenset({"loop.example"}))
    assert admitted(doors, headers={"host": host} | BEARER, **access) is answer
    assert admitted(Doors(token="s3cret", loopback=False), headers={"host": host} | BEARER, **access) is None


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        (JSON, None),
        ({}, None),
        ({"content-type": "text/plain"}, RequestRefusedError),
        ({"content-type": "application/x-www-form-urlencoded"}, RequestRefusedError),
        ({"origin": "http://127.0.0.1:8700"}, RequestRefusedError),
        ({"sec-fetch-site": "none"}, RequestRefusedError),
    ],
)
def test_a_body_is_json_and_a_browser_must_say_so(headers, answer):
    doors = Doors(token="s3cret")
    assert admitted(doors, "POST", headers=LOCAL | headers, open_on_loopback=True) is answer


@pytest.mark.parametrize(
    ("host", "answer"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False),
     ("10.0.0.1", False), ("example.org", False)],
)  # fmt: skip
def test_only_loopback_is_safe_without_a_key(host, answer):
    assert is_loopback(host) is answer
    check_address(host, keyring({"id": "k"}))
    if not answer:
        for keys in ((), ({"id": "k", "revoked": True},), ({"id": "k", "expires_at": 1},)):
            with pytest.raises(UnsafeDoorError):
                check_address(host, keyring(*keys))
