"""Jobs by real child processes: done, refused, cancelled, killed with the process that led them, and told about."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest
from tests.app.conftest import Project, rows

from loopwright.app.job import Job, JobRequest, find_job, wish_cancelled
from loopwright.app.jobs import ATTEMPTS, Jobs
from loopwright.app.trace import trace
from loopwright.app.workspace import Workspace
from loopwright.errors import (
    ConflictError,
    ForbiddenError,
    MissingColumnError,
    NotFoundError,
    RequestRefusedError,
    SourceError,
)

RECORDS = [{"id": i, "x": 0.1 * i - 1, "n": i % 7} for i in range(20)]


@pytest.fixture
def workspace(project: Project, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("HOOK_SECRET", "between us")
    (project.folder / "share").mkdir()
    (project.folder / "loopwright.toml").write_text('jobs_folder = "share"\nwebhook_secret = "env:HOOK_SECRET"\n')
    return project.workspace()


def until(work: Jobs, workspace: Workspace, id_: str, met: Callable[[Job], bool]) -> Job:
    for _ in range(1200):
        work.step()
        work.deliver()
        job = find_job(workspace, id_)
        if met(job):
            return job
        time.sleep(0.05)
    raise AssertionError(find_job(workspace, id_))


def ended(job: Job) -> bool:
    return job.state not in ("queued", "running")


def child() -> psutil.Process | None:
    for process in psutil.Process().children():
        if process.status() != psutil.STATUS_ZOMBIE and "loopwright.app.batch.child" in process.cmdline():
            return process
    return None


@pytest.mark.slow
def test_records_become_answers_one_each(workspace: Workspace) -> None:
    work = Jobs(workspace)
    records = [*RECORDS, {"id": 20, "x": "a lot", "n": 1}]

    taken = work.submit(JobRequest(endpoint="small", records=records), by="me")
    assert taken.state == "queued"
    job = until(work, workspace, taken.id, ended)

    assert (job.state, job.rows, job.scored, job.refused) == ("finished", 21, 20, 1)
    file = work.output_of(job)
    assert file is not None
    assert pl.read_ndjson(file)["id"].to_list() == [*range(20)]
    assert job.request.records is None
    assert not (file.parent / "input.ndjson").exists()
    kinds = [link.event.kind for link in trace(workspace, f"job:{job.id}").links]
    assert kinds == ["job_submitted", "batch_scored", "job_ended"]


@pytest.mark.slow
def test_files_below_the_folder_become_files_below_it(workspace: Workspace, project: Project) -> None:
    work = Jobs(workspace)
    rows(1_200).write_parquet(project.folder / "share" / "in.parquet")

    taken = work.submit(JobRequest(endpoint="small", input="*.parquet", output="out/", keep=("id", "n")), by="me")
    job = until(work, workspace, taken.id, ended)

    assert job.state == "finished"
    assert pl.read_parquet(project.folder / "share" / "out" / "*.parquet")["id"].to_list() == [*range(1_200)]


def test_what_can_never_be_done_is_refused_at_once(workspace: Workspace) -> None:
    work = Jobs(workspace)
    wrong: list[tuple[type[Exception], dict[str, Any]]] = [
        (RequestRefusedError, {}),
        (RequestRefusedError, {"records": []}),
        (RequestRefusedError, {"records": RECORDS, "input": "in.csv"}),
        (ForbiddenError, {"input": "../loop.py"}),
        (ForbiddenError, {"records": RECORDS, "output": "/tmp/out.csv"}),
        (ForbiddenError, {"records": RECORDS, "webhook": "https://example.com/hook"}),
        (ForbiddenError, {"records": RECORDS, "webhook": "http://169.254.169.254/"}),
        (SourceError, {"input": "none.csv"}),
        (NotFoundError, {"records": RECORDS, "version": "nobody"}),
    ]
    for kind, wished in wrong:
        with pytest.raises(kind):
            work.submit(JobRequest(endpoint="small", **wished), by="me")


@pytest.mark.slow
def test_what_goes_wrong_fails_the_job_with_its_cause(workspace: Workspace, project: Project) -> None:
    work = Jobs(workspace)
    (project.folder / "share" / "in.csv").write_text("id,n\n1,2\n")

    taken = work.submit(JobRequest(endpoint="small", input="in.csv"), by="me")
    job = until(work, workspace, taken.id, ended)

    assert job.state == "failed"
    assert job.error is not None
    assert job.error["code"] == MissingColumnError.code


@pytest.mark.slow
def test_a_job_goes_on_after_the_process_that_led_it_is_gone(workspace: Workspace, project: Project) -> None:
    rows(60_000).write_parquet(project.folder / "share" / "in.parquet")
    first = Jobs(workspace)
    taken = first.submit(JobRequest(endpoint="small", input="in.parquet", output="out.csv"), by="me")
    until(first, workspace, taken.id, lambda job: job.state == "running")
    process = child()
    assert process is not None
    process.kill()  # as the end of its standard input ends it when the control process is killed

    second = Jobs(workspace)
    job = until(second, workspace, taken.id, ended)

    assert (job.state, job.attempts) == ("finished", 2)
    assert pl.read_csv(project.folder / "share" / "out.csv")["id"].to_list() == [*range(60_000)]
    first.stop()


@pytest.mark.slow
def test_a_process_that_always_dies_fails_the_job(workspace: Workspace) -> None:
    work = Jobs(workspace)
    taken = work.submit(JobRequest(endpoint="small", records=RECORDS), by="me")
    for _ in range(ATTEMPTS):
        until(work, workspace, taken.id, lambda job: child() is not None or ended(job))
        process = child()
        if process is not None:
            process.kill()
            process.wait(5)

    job = until(work, workspace, taken.id, ended)

    assert job.state == "failed"
    assert job.error is not None
    assert "died" in job.error["what"]


@pytest.mark.slow
def test_jobs_are_cancelled_while_they_wait_and_while_they_run(workspace: Workspace, project: Project) -> None:
    work = Jobs(workspace)
    rows(200_000).write_parquet(project.folder / "share" / "in.parquet")
    running = work.submit(JobRequest(endpoint="small", input="in.parquet", output="out.csv"), by="me")
    waiting = work.submit(JobRequest(endpoint="small", records=RECORDS), by="me")
    until(work, workspace, running.id, lambda job: job.state == "running")

    for job in (running, waiting):
        wish_cancelled(workspace, job.id)
    work.step()

    assert find_job(workspace, running.id).state == find_job(workspace, waiting.id).state == "cancelled"
    assert child() is None
    assert not (project.folder / "share" / "out.csv").exists()
    with pytest.raises(ConflictError):
        wish_cancelled(workspace, running.id)


class _Hook(BaseHTTPRequestHandler):
    """Refuses the first message, takes the second."""

    got: list[tuple[dict[str, str], bytes]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.send_response(503 if len(self.got) == 1 else 204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hook() -> Iterator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    got: list[tuple[dict[str, str], bytes]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Hook", (_Hook,), {"got": got}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/done", got
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_the_end_is_told_signed_and_again_until_it_is_taken(
    workspace: Workspace, hook: tuple[str, list[tuple[dict[str, str], bytes]]]
) -> None:
    work, (url, got) = Jobs(workspace), hook

    taken = work.submit(JobRequest(endpoint="small", records=RECORDS, webhook=url), by="me")
    job = until(work, workspace, taken.id, lambda job: job.webhook is not None and job.webhook.state == "delivered")

    assert job.webhook is not None
    assert job.webhook.attempts == len(got) == 2
    for headers, body in got:
        said = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        mac = hmac.new(b"between us", said, hashlib.sha256).digest()
        assert headers["webhook-signature"] == f"v1,{base64.b64encode(mac).decode()}"
        assert headers["webhook-id"] == job.id
    told = json.loads(got[1][1])
    assert told["type"] == "job.finished"
    assert (told["data"]["id"], told["data"]["scored"]) == (job.id, 20)


def test_without_a_secret_nobody_is_told(project: Project) -> None:
    work = Jobs(project.workspace())

    with pytest.raises(ForbiddenError, match="sends no webhooks"):
        work.submit(JobRequest(endpoint="small", records=RECORDS, webhook="http://127.0.0.1:1/"), by="me")


def test_a_folder_is_named_by_the_operator_or_not_at_all(project: Project, tmp_path: Path) -> None:
    work = Jobs(project.workspace())

    with pytest.raises(ForbiddenError, match="may not name files"):
        work.submit(JobRequest(endpoint="small", input="data/first.csv"), by="me")


def test_an_answer_without_end_is_not_read(workspace: Workspace) -> None:
    sent: list[int] = []

    class Endless(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.end_headers()
            while sum(sent) < 1 << 28:
                sent.append(self.wfile.write(bytes(1 << 20)))

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Endless)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    request = JobRequest(endpoint="small", input="a.csv", webhook=f"http://127.0.0.1:{server.server_port}/")
    said = Jobs(workspace)._sent(Job(id="job_1", by="me", submitted_at=0, request=request, state="finished"))
    server.shutdown()
    server.server_close()
    assert said == ""
    assert sum(sent) < 1 << 26
