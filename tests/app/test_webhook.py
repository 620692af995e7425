"""Who may be told, by table; how messages are signed."""

import base64
import hashlib
import hmac

import pytest

from loopwright.app.webhook import WAITS_S, Target, next_attempt, signed, target
from loopwright.errors import ForbiddenError

NAMES = {
    "localhost": ["127.0.0.1", "::1"],
    "127.0.0.1": ["127.0.0.1"],
    "::1": ["::1"],
    "hooks.example.com": ["93.184.216.34"],
    "inside.example.com": ["10.0.0.7"],
    "rebound.example.com": ["127.0.0.1"],
    "half.example.com": ["93.184.216.34", "::1"],
    "mapped.example.com": ["::ffff:127.0.0.1"],
    "metadata.example.com": ["169.254.169.254"],
    "zero.example.com": ["0.0.0.0"],
    "93.184.216.34": ["93.184.216.34"],
    "169.254.169.254": ["169.254.169.254"],
}
LISTED = frozenset(name for name in NAMES if name.endswith("example.com")) | {"gone.example.com"}


def resolved(host: str, port: int) -> list[str]:
    return NAMES.get(host, [])


@pytest.mark.parametrize(
    ("url", "hosts", "wanted"),
    [
        ("http://127.0.0.1:9000/done", frozenset(), "http://127.0.0.1:9000/done"),
        ("http://LOCALHOST:9000/done?a=1", frozenset(), "http://127.0.0.1:9000/done?a=1"),
        ("http://[::1]:9000", frozenset(), "http://[::1]:9000/"),
        ("https://hooks.example.com/a", LISTED, "https://93.184.216.34:443/a"),
        ("https://inside.example.com/a", LISTED, "https://10.0.0.7:443/a"),
        ("https://hooks.example.com:8443/a", frozenset({"hooks.example.com:8443"}), "https://93.184.216.34:8443/a"),
    ],
)
def test_messages_go_to_the_address_that_was_checked(url: str, hosts: frozenset[str], wanted: str) -> None:
    assert target(url, hosts, resolved).url == wanted


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("https://hooks.example.com/a", frozenset()),
        ("https://93.184.216.34/a", frozenset()),
        ("http://169.254.169.254/latest/meta-data", frozenset()),
        ("http://127.0.0.1:9000/", LISTED),
        ("https://other.example.org/", LISTED),
        ("https://hooks.example.com.evil.org/", LISTED),
        ("https://hooks.example.com/", frozenset({"hooks.example.com:8443"})),
        ("https://rebound.example.com/", LISTED),
        ("https://half.example.com/", LISTED),
        ("https://mapped.example.com/", LISTED),
        ("https://metadata.example.com/", LISTED),
        ("https://zero.example.com/", LISTED),
        ("https://gone.example.com/", LISTED),
        ("http://me:secret@127.0.0.1/", frozenset()),
        ("http://127.0.0.1@hooks.example.com/", frozenset()),
        ("ftp://127.0.0.1/", frozenset()),
        ("file:///etc/passwd", frozenset()),
        ("http://127.0.0.1:99999/", frozenset()),
        ("http:///nobody", frozenset()),
        ("http://2130706433/", frozenset()),
        ("", frozenset()),
    ],
)
def test_messages_go_nowhere_else(url: str, hosts: frozenset[str]) -> None:
    with pytest.raises(ForbiddenError):
        target(url, hosts, resolved)


def test_the_host_header_and_the_certificate_keep_the_name() -> None:
    found = target("https://hooks.example.com:8443/a", LISTED, resolved)

    assert found == Target(
        url="https://93.184.216.34:8443/a", host="hooks.example.com:8443", name="hooks.example.com"
    )  # fmt: skip


def test_a_signature_is_that_of_the_standard() -> None:
    headers = signed(b"secret", message="job_1", at=1_700_000_000_123_456, body=b'{"a":1}')

    kind, _, mac = headers["webhook-signature"].partition(",")
    wanted = hmac.new(b"secret", b'job_1.1700000000.{"a":1}', hashlib.sha256).digest()
    assert (headers["webhook-id"], headers["webhook-timestamp"], kind) == ("job_1", "1700000000", "v1")
    assert base64.b64decode(mac) == wanted


def test_attempts_wait_longer_each_time_and_end() -> None:
    waits = [next_attempt(attempts, 0) for attempts in range(1, len(WAITS_S) + 1)]

    assert waits == sorted(w for w in waits if w)
    assert next_attempt(len(WAITS_S) + 1, 0) is None
