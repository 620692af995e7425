"""A home with applications, and a real worker that serves them from a real local upstream."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anthropic
import httpx
import msgspec
import openai

from loopwright.core.clock import SystemClock
from loopwright.core.codec import canonical, plain
from loopwright.core.events import EventDraft
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.llm.application import Application
from loopwright.llm.route import Circuit, Retry, Route, Timeouts, Upstream
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.release.routing import Arm, Arms
from loopwright.store.ledger import Record
from loopwright.store.open_stores import create_home, open_stores

SIGNATURE = Signature(task="generation", request=(Column(name="messages", kind="string"),), features=(), label="answer")
IMPATIENT = Timeouts(connect_s=1.0, first_token_s=1.0, between_tokens_s=1.0, total_s=2.5)
SHORT = Circuit(open_s=0.3)
QUICK = Retry(times=1, first_s=0.01, longest_s=0.05)


def upstream_of(server, name="local", *, model="tiny", **fields):
    """An upstream that a local server is."""
    return Upstream(name=name, url=server.url, model=model, **fields)


def application(*upstreams, **fields):
    """An application over upstreams that gives up soon."""
    route = {name: fields.pop(name) for name in ("max_tokens", "hedge_after_s") if name in fields}
    return Application(
        route=Route(upstreams=upstreams, retry=QUICK, timeouts=IMPATIENT, circuit=SHORT, **route), **fields
    )


class GatewayHome:
    """A home, and what may be done to it."""

    def __init__(self, path):
        create_home(path, ids=random_id, clock=SystemClock())
        self.path = path
        self.stores = open_stores(path, clock=SystemClock(), ids=random_id)
        self.token = (path / "token").read_text().strip()
        self.revisions = {}

    def bundle(self, made, *, index=None):
        """Store an application; its digest."""
        parts = {"application": put_value(self.stores.blobs, plain(canonical(made)))}
        if index is not None:
            parts["index"] = put_value(self.stores.blobs, index)
        example = dict(plain(canonical(made.example)))
        manifest = Manifest(kind="application", parts=parts, entry="application", signature=SIGNATURE, example=example)
        return put_bundle(self.stores.blobs, manifest)

    def serve(self, name, made, **fields):
        """Make an application the champion of an endpoint; its digest."""
        version = made if isinstance(made, str) else self.bundle(made)
        self.arms(name, Arm(name="champion", role="champion", version=version, share=1.0), **fields)
        return version

    def arms(self, name, *arms, **fields):
        """Set the arms of an endpoint; the revision."""
        revision = self.revisions[name] = self.revisions.get(name, 0) + 1
        spec = Arms(endpoint=name, revision=revision, arms=arms, **fields)
        id = f"{name}-{revision}"
        self.stores.ledger.commit(
            moves={f"default/endpoint/{name}@arms": id},
            records=[Record(kind="arms", id=id, data=spec.to_json())],
            events=[EventDraft(kind="release_step", subject=f"endpoint:{name}", data={})],
        )
        return revision

    def rows(self):
        """The rows of the request log."""
        return self.stores.tables.scan("requests").to_dicts()

    def row(self, request_id):
        """One call's row, once it is there."""
        return eventually(lambda: next(row for row in self.rows() if row["request_id"] == request_id))

    def events(self, kind):
        return [event for event in self.stores.ledger.read(limit=100_000) if event.kind == kind]


class Gateway:
    """A worker that serves a home's applications, in a process of its own."""

    def __init__(self, home, *names, name="worker-1", **environment):
        self.home, self.name = home, name
        command = [sys.executable, "-m", "loopwright.web.worker", "--home", str(home.path), "--name", name]
        for endpoint in names or tuple(home.revisions):
            command += ["--endpoint", endpoint]
        self.child = subprocess.Popen(
            [*command, "--port", "0", "--supervised"], stdin=subprocess.PIPE, env=os.environ | environment
        )

    def __enter__(self):
        self.port = eventually(self._port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.http = httpx.Client(base_url=self.url, timeout=30.0)
        self.ready()
        return self

    def _port(self):
        assert self.child.poll() is None, "the worker ended"
        about = json.loads((self.home.path / "run" / f"{self.name}.json").read_text())
        assert about["pid"] == self.child.pid
        return about["port"]

    def ready(self, **revisions):
        """Wait until every endpoint answers, at these revisions."""

        def check():
            said = self.http.get("/health/ready")
            assert said.status_code == 200, said.text
            for name, revision in revisions.items():
                assert said.json()["endpoints"][name]["revision"] >= revision
            return said.json()

        return eventually(check)

    def openai(self, key="unused", **options):
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0, **options)

    def anthropic(self, key="unused", **options):
        return anthropic.Anthropic(base_url=self.url, api_key=key, max_retries=0, **options)

    def kill(self):
        self.child.send_signal(signal.SIGKILL)
        self.child.wait()

    def __exit__(self, *error):
        self.http.close()
        if self.child.poll() is None:
            self.child.terminate()
            assert self.child.wait(timeout=20) == 0
        self.child.stdin.close()


def eventually(check, seconds=20.0):
    """The answer of `check` once it stops raising."""
    end = time.monotonic() + seconds
    while True:
        try:
            return check()
        except (AssertionError, OSError, LookupError, ValueError, StopIteration, httpx.HTTPError):
            if time.monotonic() > end:
                raise
            time.sleep(0.03)


def decoded(reply):
    return msgspec.json.decode(reply)


def new_home(folder: Path):
    return GatewayHome(folder / ".loopwright")
