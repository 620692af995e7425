"""Jobs over HTTP, against a real control process that is killed in between."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import psutil
import pytest

from loopwright.app.keys import new_key
from loopwright.app.servers import free_ports
from loopwright.app.workspace import open_workspace
from loopwright.cli.main import main

RECORDS = [{"id": i, "x": 0.1 * i - 1, "n": i % 7} for i in range(20)]


class Control:
    """A control process, started and killed."""

    def __init__(self, project: Path) -> None:
        self.project = project
        self.port = free_ports()
        self.token = (project / ".loopwright" / "token").read_text().strip()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        words = ["--project", str(self.project), "--port", str(self.port)]
        with (self.project / "control.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "loopwright.web.control_process", *words],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
            )
        for _ in range(600):
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/health/live", timeout=1).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.05)
        raise AssertionError((self.project / "control.log").read_text())

    def kill(self) -> None:
        """As a machine that runs out of memory does it; its children end with it."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children(recursive=True)
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        psutil.wait_procs(children, timeout=10)
        assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]

    def send(self, method: str, path: str, *, token: str | None = None, **named: Any) -> httpx.Response:
        headers = {"authorization": f"Bearer {token or self.token}"}
        return httpx.request(method, f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=10, **named)

    def until(self, id_: str, *states: str) -> dict[str, Any]:
        for _ in range(1200):
            job: dict[str, Any] = self.send("GET", f"/jobs/{id_}").json()
            if job["state"] in states:
                return job
            time.sleep(0.05)
        raise AssertionError((job, (self.project / "control.log").read_text()))


@pytest.fixture
def control(whole: Path) -> Iterator[Control]:
    (whole / "share").mkdir()
    (whole / "loopwright.toml").write_text('jobs_folder = "share"\nmax_request_bytes = 100000\n')
    made = Control(whole)
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.kill()


@pytest.mark.slow
def test_records_are_sent_and_answers_fetched(control: Control, capsys: pytest.CaptureFixture[str]) -> None:
    taken = control.send("POST", "/jobs", json={"endpoint": "small", "records": [*RECORDS, {"id": 99, "x": "no"}]})

    assert taken.status_code == 202, taken.text
    assert taken.headers["location"] == f"/jobs/{taken.json()['id']}"
    done = control.until(taken.json()["id"], "finished", "failed")

    assert (done["rows"], done["scored"], done["refused"]) == (21, 20, 1)
    assert [answer["id"] for answer in done["answers"]] == [*range(20)]
    assert done["rejects"][0]["field"] == "x"
    lines = control.send("GET", done["result"]).text.splitlines()
    assert [json.loads(line) for line in lines] == done["answers"]

    assert main(["job", "list", "--project", str(control.project), "--json"]) == 0
    [listed] = json.loads(capsys.readouterr().out)
    assert (listed["id"], listed["state"]) == (done["id"], "finished")
    assert main(["job", "show", done["id"][:12], "--project", str(control.project)]) == 0
    assert "20 of 21 rows scored" in capsys.readouterr().out


@pytest.mark.slow
def test_a_job_survives_a_kill_of_the_control_process(control: Control) -> None:
    frame = pl.DataFrame({"id": range(60_000), "x": [0.5] * 60_000, "n": [1] * 60_000})
    frame.write_parquet(control.project / "share" / "in.parquet")
    wished = {"endpoint": "small", "input": "in.parquet", "output": "out.parquet"}
    id_ = control.send("POST", "/jobs", json=wished).json()["id"]
    control.until(id_, "running")

    control.kill()
    control.start()
    done = control.until(id_, "finished", "failed")

    assert (done["state"], done["scored"], done["result"]) == ("finished", 60_000, "out.parquet")
    assert pl.read_parquet(control.project / "share" / "out.parquet")["id"].to_list() == [*range(60_000)]


@pytest.mark.slow
def test_who_may_ask_and_for_what(control: Control) -> None:
    workspace = open_workspace(control.project)
    mine, other = (new_key(workspace, name, scopes=["predict"]).secret for name in ("mine", "other"))
    wrong = new_key(workspace, "feeder", scopes=["feedback"]).secret
    workspace.close()
    time.sleep(1.5)  # as long as a server may take to follow the keys
    wished = {"endpoint": "small", "records": RECORDS}

    assert control.send("POST", "/jobs", token="nobody", json=wished).status_code == 401
    assert control.send("POST", "/jobs", token=wrong, json=wished).status_code == 403
    id_ = control.send("POST", "/jobs", token=mine, json=wished).json()["id"]

    assert control.send("GET", f"/jobs/{id_}", token=mine).status_code == 200
    assert control.send("GET", f"/jobs/{id_}", token=other).status_code == 404
    assert control.send("DELETE", f"/jobs/{id_}", token=other).status_code == 404
    assert control.send("GET", "/jobs", token=other).json() == {"jobs": []}
    assert len(control.send("GET", "/jobs", token=mine).json()["jobs"]) == 1
    assert len(control.send("GET", "/jobs").json()["jobs"]) == 1


@pytest.mark.slow
def test_what_is_wrong_is_said_at_once(control: Control) -> None:
    good: dict[str, Any] = {"endpoint": "small", "records": RECORDS}
    for status, wished in (
        (422, {"endpoint": "small"}),
        (422, good | {"recrods": []}),
        (422, good | {"policy": "wave"}),
        (404, good | {"endpoint": "nobody"}),
        (403, {"endpoint": "small", "input": "../loop.py"}),
        (403, good | {"webhook": "http://127.0.0.1:1/"}),
        (413, good | {"records": [{"id": 1, "x": 0.5, "n": 1, "pad": "p" * 100_000}]}),
    ):
        said = control.send("POST", "/jobs", json=wished)
        assert said.status_code == status, said.text
        assert said.json()["fix"]
    assert control.send("GET", "/jobs/job_none").status_code == 404
    assert control.send("GET", "/jobs").json() == {"jobs": []}

    id_ = control.send("POST", "/jobs", json=good).json()["id"]
    control.until(id_, "finished")
    assert control.send("DELETE", f"/jobs/{id_}").status_code == 409


@pytest.mark.slow
def test_a_running_job_is_cancelled(control: Control) -> None:
    frame = pl.DataFrame({"id": range(300_000), "x": [0.5] * 300_000, "n": [1] * 300_000})
    frame.write_parquet(control.project / "share" / "in.parquet")
    wished = {"endpoint": "small", "input": "in.parquet", "output": "out.csv"}
    id_ = control.send("POST", "/jobs", json=wished).json()["id"]
    control.until(id_, "running")

    assert control.send("DELETE", f"/jobs/{id_}").json()["state"] == "cancelled"
    assert not (control.project / "share" / "out.csv").exists()
