"""`loopwright job`, on a ledger without a control process."""

import json

import pytest
from tests.app.conftest import Project, make

from loopwright.app.job import JobRequest, find_job, submit, wish_cancelled
from loopwright.cli.commands.job import app
from loopwright.cli.main import main
from loopwright.errors import NotFoundError


@pytest.fixture
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return make(tmp_path_factory.mktemp("job") / "project")


def test_jobs_are_listed_shown_and_cancelled(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    workspace = project.workspace()
    job = submit(workspace, JobRequest(endpoint="small", records=[{"x": 1}]), by="me")
    where = ["--project", str(project.folder)]

    assert main(["job", "list", *where]) == 0
    assert "queued" in capsys.readouterr().out
    assert main(["job", "show", job.id[:10], *where, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] == job.id
    assert main(["job", "cancel", job.id, *where]) == 0
    assert workspace.stores.ledger.record("job_cancel", job.id) is not None
    assert main(["job", "show", "job_none", *where]) == 1
    assert {command.name for command in app.registered_commands} == {"list", "show", "cancel"}
    project.close()


def test_the_records_lie_beside_the_job_and_never_in_the_ledger(project: Project) -> None:
    workspace = project.workspace()
    job = submit(workspace, JobRequest(endpoint="small", records=[{"x": "private"}]), by="me")

    record = workspace.stores.ledger.record("job", job.id)
    assert record is not None
    assert "private" not in str(record.data)
    assert b"private" in (workspace.home / "jobs" / job.id / "input.ndjson").read_bytes()
    assert find_job(workspace, job.id) == job
    with pytest.raises(NotFoundError):
        wish_cancelled(workspace, "job_")
    project.close()
