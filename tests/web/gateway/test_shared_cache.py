"""Answers that are kept in a Redis: they outlive the home's own files, and a Redis that is away costs no call."""

import itertools
import time

import pytest

pytest.importorskip("redis", reason="the library redis is not installed")

from tests.integrations.redis_server import BINARY, RedisServer
from tests.web.gateway.gateways import Gateway, application, eventually, upstream_of

from loopwright.llm.answer_cache import CachePolicy

pytestmark = [pytest.mark.slow, pytest.mark.skipif(BINARY is None, reason="redis-server is not installed")]


def _ask(gateway, text="hello"):
    started = time.monotonic()
    answer = gateway.http.post(
        "/v1/chat/completions", json={"model": "support", "messages": [{"role": "user", "content": text}]}
    )
    assert answer.status_code == 200, answer.text
    return answer.headers.get("loopwright-cache"), time.monotonic() - started


def _served(home, upstream):
    home.serve("support", application(upstream_of(upstream), cache=CachePolicy(exact_s=60.0)))


def test_another_worker_finds_an_answer_in_the_redis(home, upstream, tmp_path):
    _served(home, upstream)
    redis = RedisServer(tmp_path)
    try:
        with Gateway(home, SHARED=redis.url, LOOPWRIGHT_LLM_CACHE_URL="env:SHARED") as gateway:
            assert _ask(gateway)[0] is None
        assert not (home.path / "kv.db").exists() or b"answer/1/" not in (home.path / "kv.db").read_bytes()
        with Gateway(home, SHARED=redis.url, LOOPWRIGHT_LLM_CACHE_URL="env:SHARED") as gateway:
            assert _ask(gateway)[0] == "exact"
        assert upstream.counts["calls"] == 1
    finally:
        redis.stop()


def test_a_redis_that_falls_costs_no_call_and_is_used_again(home, upstream, tmp_path):
    _served(home, upstream)
    redis = RedisServer(tmp_path)
    try:
        with Gateway(home, LOOPWRIGHT_LLM_CACHE_URL=redis.url) as gateway:
            _ask(gateway)
            redis.pause()
            waits = [_ask(gateway, f"question {number}")[1] for number in range(10)]
            assert sorted(waits)[-2] < 0.25, "only the first call may wait for the time-out"
            redis.go_on()

            numbers = itertools.count()

            def kept_again():
                _ask(gateway, f"a question of later, {next(numbers)}")
                assert redis.size() >= 2

            eventually(kept_again)
    finally:
        redis.go_on()
        redis.stop()


def test_a_url_that_names_no_store_stops_the_start_without_being_shown(home, upstream, capfd):
    _served(home, upstream)
    gateway = Gateway(home, LOOPWRIGHT_LLM_CACHE_URL="hush-word")
    gateway.child.stdin.close()
    assert gateway.child.wait(timeout=30) != 0
    said = capfd.readouterr()
    assert "llm_cache_url" in said.err + said.out
    assert "hush-word" not in said.err + said.out
