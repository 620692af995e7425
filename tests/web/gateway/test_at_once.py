"""`loopwright gateway --upstream URL`: any model of an upstream, at once, with the whole process tree."""

import os
import re
import subprocess
import sys

import openai
import pytest
from tests.web.gateway.gateways import eventually

from loopwright.testing.upstream_server import LocalUpstream

HELLO = [{"role": "user", "content": "Hello there"}]


class Command:
    """The command in a folder of its own."""

    def __init__(self, folder, *arguments, **environment):
        command = [sys.executable, "-m", "loopwright.cli.main", "gateway", "--port", "0", "--supervised", *arguments]
        self.log = folder / "said.txt"
        with self.log.open("w") as log:
            self.child = subprocess.Popen(
                command, cwd=folder, stdin=subprocess.PIPE, stderr=log, env=os.environ | environment
            )

    def said(self, pattern):
        def look():
            assert self.child.poll() is None, self.log.read_text()
            found = re.search(pattern, self.log.read_text())
            assert found, self.log.read_text()
            return found

        return eventually(look, 40)

    def __enter__(self):
        self.url = self.said(r"(http://127.0.0.1:\d+)/v1")[1]
        self.said("ready after")
        return self

    def __exit__(self, *error):
        self.child.stdin.close()
        assert self.child.wait(timeout=30) == 0


@pytest.mark.slow
def test_any_model_of_an_upstream_is_served_without_a_project(tmp_path):
    with LocalUpstream() as upstream, Command(tmp_path, "--upstream", upstream.url) as command:
        client = openai.OpenAI(base_url=f"{command.url}/v1", api_key="unused", max_retries=0)
        for model in ("tiny", "vendor/large@2"):
            raw = client.chat.completions.with_raw_response.create(model=model, messages=HELLO)
            assert raw.parse().choices[0].message.content == "Hello there"
            assert upstream.seen[-1].body["model"] == model
            assert re.fullmatch(r"[0-9a-f]{64}", raw.headers["loopwright-version"])
        chunks = client.chat.completions.create(model="tiny", messages=HELLO, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Hello there"
        assert 'model="ANY-MODEL-OF-IT"' in command.log.read_text()
    assert not (tmp_path / ".loopwright").exists()


@pytest.mark.slow
def test_an_upstream_with_a_key_is_for_callers_with_one(tmp_path):
    (tmp_path / "key.txt").write_text("sk-upstream\n")
    with LocalUpstream(key="sk-upstream") as upstream:
        with Command(tmp_path, "--upstream", upstream.url, "--key", "file:key.txt") as command:
            client = openai.OpenAI(base_url=f"{command.url}/v1", api_key="wrong", max_retries=0)
            with pytest.raises(openai.AuthenticationError):
                client.chat.completions.create(model="tiny", messages=HELLO)
        assert "loopwright key new" in command.log.read_text()
