import pytest

from loopwright.core.hashing import digest_bytes
from loopwright.errors import ForbiddenError, LoopwrightError, RequestRefusedError, UnauthorisedError, UnsafeDoorError
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock
from loopwright.web.auth import Doors, check_address, is_loopback, read_keys, read_token

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


def test_keys_of_the_ledger_open_until_they_are_revoked():
    ledger = MemoryLedger(clock=ManualClock())
    kept, gone = digest_bytes(b"kept"), digest_bytes(b"gone")
    ledger.commit(
        records=[
            Record(kind="api_key", id="1", data={"digest": kept}),
            Record(kind="api_key", id="2", data={"digest": gone, "revoked": True}),
        ]
    )
    doors = Doors(token="s3cret", keys=read_keys(ledger), loopback=False)
    assert admitted(doors, headers={"host": "any", "authorization": "Bearer kept"}) is None
    assert admitted(doors, headers={"host": "any", "authorization": "Bearer gone"}) is UnauthorisedError


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
    check_address(host, {"a key"})
    if not answer:
        with pytest.raises(UnsafeDoorError):
            check_address(host, ())
