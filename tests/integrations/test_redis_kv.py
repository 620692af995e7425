"""Key-value pairs in a Redis of our own, on a free port."""

import socket
import time

import pytest

pytest.importorskip("redis", reason="the library redis is not installed")

import redis
from tests.integrations.redis_server import BINARY, RedisServer, free_port

from loopwright.core.clock import SECOND
from loopwright.errors import (
    MissingExtraError,
    NoPermissionError,
    NoSpaceError,
    SettingError,
    StoreBusyError,
    UsageError,
)
from loopwright.integrations.redis_kv import MOST, RedisKeyValues
from loopwright.testing.clocks import ManualClock
from loopwright.testing.kv_suite import KeyValuesSuite

pytestmark = pytest.mark.skipif(BINARY is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = RedisServer(tmp_path_factory.mktemp("redis"))
    yield server
    server.stop()


@pytest.fixture
def client(server):
    client = redis.Redis.from_url(server.url)
    client.flushall()
    yield client
    client.close()


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def kv(server, client, clock):
    kv = RedisKeyValues(server.url, prefix="test:", clock=clock, timeout_s=5)
    yield kv
    kv.close()


class TestRedisKeyValues(KeyValuesSuite):
    implementation = RedisKeyValues


def test_prefixes_keep_homes_apart(server, kv, clock):
    other = RedisKeyValues(server.url, prefix="test*:", clock=clock)
    other.put_many({"a": b"theirs", "b": b"theirs"})
    kv.put_many({"a": b"ours"})
    assert kv.get_many(["a", "b"]) == {"a": b"ours"}
    assert kv.keys("") == ["a"]
    assert other.keys("") == ["a", "b"]
    assert kv.delete_many(["b"]) == 0
    assert other.get_many(["b"]) == {"b": b"theirs"}


@pytest.mark.parametrize("begins", ["a*", "a?", "a[b]", "a\\", "a^", "a-"])
def test_patterns_of_redis_are_letters_in_the_beginnings_of_keys(kv, begins):
    kv.put_many(dict.fromkeys(["ab", "abc", "a", f"{begins}/1"], b"v"))
    assert kv.keys(begins) == [f"{begins}/1"]


def test_redis_itself_forgets_what_has_expired_and_keeps_what_has_no_expiry(kv, client, clock):
    kv.put_many({"soon": b"1"}, expires_at=clock.now() + SECOND)
    kv.put_many({"kept": b"1"})
    kv.add_if("counted", 1, 5, expires_at=clock.now() + SECOND)
    kv.compare_and_set("set", None, b"1", expires_at=clock.now() + SECOND)
    for key in ("soon", "counted", "set"):
        assert 50_000 < client.pttl(f"test:{key}") <= 61_000
    assert client.pttl("test:kept") == -1


def test_a_value_that_looks_like_another_expiry_is_kept_whole(kv):
    kv.put_many({"a": b"12:34", "b": b":"})
    assert kv.get_many(["a", "b"]) == {"a": b"12:34", "b": b":"}
    assert kv.compare_and_set("b", b":", b"0:")
    assert kv.get_many(["b"]) == {"b": b"0:"}


def test_an_empty_value_is_there(kv):
    kv.put_many({"a": b""})
    assert not kv.compare_and_set("a", None, b"1")
    assert kv.compare_and_set("a", b"", b"1")


def test_counters_are_exact_to_the_greatest_number_that_they_take(kv):
    assert kv.add_if("n", MOST - 1, 1 << 70) == MOST - 1
    assert kv.add_if("n", 1, 1 << 70) == MOST
    assert kv.add_if("n", 1, 1 << 70) is None
    assert kv.add_if("n", -MOST, 1 << 70) == 0
    with pytest.raises(UsageError):
        kv.add_if("n", MOST + 1, 1 << 70)


def test_scripts_outlive_a_redis_that_forgot_them(kv, client):
    kv.add_if("n", 1, 5)
    client.script_flush()
    assert kv.add_if("n", 1, 5) == 2


def test_a_redis_that_is_away_is_busy_and_names_no_password(clock):
    kv = RedisKeyValues(f"redis://user:hush-word@127.0.0.1:{free_port()}/0", prefix="p:", clock=clock)
    for call in (lambda: kv.get_many(["a"]), lambda: kv.put_many({"a": b""}), lambda: kv.add_if("a", 1, 2)):
        with pytest.raises(StoreBusyError) as caught:
            call()
        assert "hush-word" not in str(caught.value.as_dict())


def test_a_redis_that_says_nothing_costs_its_time_out_once(clock):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        kv = RedisKeyValues(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", prefix="p:", clock=clock, timeout_s=0.2)
        started = time.monotonic()
        with pytest.raises(StoreBusyError):
            kv.get_many(["a"])
        assert 0.15 < time.monotonic() - started < 1.5


@pytest.mark.parametrize("url", ["redis://h:port/0", "http://hush-word@h/", "nonsense"])
def test_what_is_no_url_of_redis_is_refused_unquoted(url, clock):
    with pytest.raises(SettingError) as caught:
        RedisKeyValues(url, prefix="p:", clock=clock)
    assert "hush-word" not in str(caught.value.as_dict())


def test_a_wrong_password_and_a_full_redis_are_named(tmp_path, clock):
    server = RedisServer(tmp_path, "--requirepass", "right", "--maxmemory", "1mb", "--maxmemory-policy", "noeviction")
    try:
        with pytest.raises(NoPermissionError) as caught:
            RedisKeyValues(server.url.replace("//", "//:hush-word@"), prefix="p:", clock=clock).get_many(["a"])
        assert "hush-word" not in str(caught.value.as_dict())
        kv = RedisKeyValues(server.url.replace("//", "//:right@"), prefix="p:", clock=clock)
        with pytest.raises(NoSpaceError):
            kv.put_many({f"k{number}": b"x" * 100_000 for number in range(20)})
        assert kv.keys("") == []
    finally:
        server.stop()


def test_a_missing_library_is_named_with_its_installation(monkeypatch, clock):
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(MissingExtraError) as caught:
        RedisKeyValues("redis://127.0.0.1:1/0", prefix="p:", clock=clock)
    assert caught.value.fix == 'pip install "loopwright[redis]"'
