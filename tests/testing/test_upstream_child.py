"""The local upstream in a process of its own."""

import openai
import psutil
import pytest

from loopwright.testing.upstream_child import ChildUpstream


def test_it_answers_counts_fails_as_told_and_ends():
    with ChildUpstream() as upstream:
        with openai.OpenAI(base_url=upstream.url, api_key="any", max_retries=0) as client:
            asked = {"model": "tiny", "messages": [{"role": "user", "content": "hello"}]}
            assert client.chat.completions.create(**asked).choices[0].message.content == "hello"
            upstream.fail("429=1")
            with pytest.raises(openai.RateLimitError):
                client.chat.completions.create(**asked)
        assert upstream.counts["calls"] == 2
        assert upstream.seen[0].path == "/v1/chat/completions"
        pid = upstream.pid
    assert not psutil.pid_exists(pid)
