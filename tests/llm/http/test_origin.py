"""Base URLs are read, and what is none is refused without its secrets."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.http.origin import origin_of


@pytest.mark.parametrize(
    ("url", "host", "port", "authority", "prefix"),
    [
        ("http://127.0.0.1:11434/v1", "127.0.0.1", 11434, "127.0.0.1:11434", "/v1"),
        ("https://api.openai.com/v1/", "api.openai.com", 443, "api.openai.com", "/v1"),
        ("http://[::1]:80", "::1", 80, "[::1]", ""),
        ("https://host:80/a/b", "host", 80, "host:80", "/a/b"),
    ],
)
def test_a_base_url_says_where_to_go(url, host, port, authority, prefix):
    origin = origin_of(url)
    assert (origin.host, origin.port, origin.authority, origin.prefix) == (host, port, authority, prefix)
    assert origin.tls == url.startswith("https")


@pytest.mark.parametrize(
    "url",
    ["ftp://host/v1", "http://", "http://host:99999", "http://host/v1?key=1", "http://ho st/", "http://hö.de/", "x",
     "http://host/\r\nx: y", "http://" + "a" * 70 + ".de"],
)  # fmt: skip
def test_what_is_no_base_url_is_refused(url):
    with pytest.raises(UsageError):
        origin_of(url)


def test_a_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(UsageError) as refused:
        origin_of("https://me:hunter2@host/v1")
    assert "hunter2" not in str(refused.value.as_dict())
