"""A version that answers badly passes a lenient gate, and is taken back by the evaluation of live traffic."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.slow
LOOP = '''
import loopwright as lw
from loopwright import evals, llm

PROMPT = llm.Prompt(
    name="answer",
    system="""{% for d in documents %}<document id="{{ d.document }}">{{ d.text }}</document>
{% endfor %}""",
    user="Question: {{ question }}",
)
docs = llm.Index("docs", source="docs/*.md")
loop = lw.Loop(
    "bot",
    application=llm.Application(
        route=llm.Route(upstreams=(llm.builtin_model(),)),
        prompt=PROMPT,
        retrieval=llm.Retrieval(index="docs", limit=2),
    ),
    live=evals.live(evals.citations(), share=1.0),
    gate=[evals.evaluation("cases.jsonl", evals.regex("."), at_least=0.5)],
    release=lw.Canary(
        steps=[50, 100], min_requests=40, guards=[lw.error_guard(), lw.metric_guard("eval.citations", 0.2)]
    ),
    monitor=[lw.reevaluate("daily"), lw.watch.business_metric("eval.citations", at_least=0.9, min_count=30)],
)
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/keys.md").write_text("# Keys\n\nA key is revoked with `loopwright key revoke`.\n")
    (tmp_path / "cases.jsonl").write_text('{"id": "a", "question": "How is a key revoked?"}\n')
    (tmp_path / "loop.py").write_text(LOOP)
    return tmp_path


def _run(project: Path, *arguments: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "loopwright.cli.main", *arguments, "--json"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_version_without_citations_is_rolled_back_by_what_live_answers_score(project: Path) -> None:
    assert _run(project, "run")["judged"]["status"] == "champion"
    (project / "loop.py").write_text(LOOP.replace("<document", "<text").replace("</document", "</text"))
    second = _run(project, "run")["judged"]
    assert second["status"] == "releasing"
    environment = {**os.environ, "LOOPWRIGHT_LLM_LOG_CONTENT": "full", "LOOPWRIGHT_PORT": "0"}
    port = _free_port()
    environment["LOOPWRIGHT_PORT"] = str(port)
    up = subprocess.Popen(
        [sys.executable, "-m", "loopwright.cli.main", "up"], cwd=project, env=environment, stderr=subprocess.PIPE
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            _until(lambda: client.get("/health/ready").status_code == 200, 30)
            ended = None
            for number in range(1200):
                body = {"model": "bot", "messages": [{"role": "user", "content": f"How is a key revoked? {number}"}]}
                assert client.post("/v1/chat/completions", json=body).status_code == 200
                time.sleep(0.05)
                if number % 40 == 39:
                    (release,) = _run(project, "release", "list")
                    ended = release["status"] if release["status"] != "running" else None
                    if ended:
                        break
            assert ended == "rolled_back"
            answer = client.post("/v1/chat/completions", json=body).json()
            assert "[docs/keys.md]" in answer["choices"][0]["message"]["content"]
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(20)


def _free_port() -> int:
    import socket

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def _until(holds, patience_s: float) -> None:
    end = time.monotonic() + patience_s
    while time.monotonic() < end:
        try:
            if holds():
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise AssertionError("it did not come true")
