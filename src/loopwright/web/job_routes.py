"""Jobs on the control API: submit, look, take the answers, cancel."""

from typing import Any

import msgspec
from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response

from loopwright.app.job import OPEN, Job, JobRequest, find_job, jobs, wish_cancelled
from loopwright.app.jobs import Jobs
from loopwright.app.workspace import Workspace
from loopwright.core.clock import iso
from loopwright.core.codec import plain, to_json
from loopwright.errors import NotFoundError, RequestRefusedError

INLINE_ROWS = 1_000
"""As many answers are shown with the job; more are taken from `/jobs/ID/result`."""
_HOME = "home"


def job_routes(workspace: Workspace, work: Jobs) -> APIRouter:
    """The routes below `/jobs`. A key sees the jobs that it submitted, the home's token all."""
    router = APIRouter(prefix="/jobs")

    @router.post("")
    async def submit(request: Request) -> Response:
        """Take a job: 202, and where to ask for it."""
        wished = _decoded(await request.body())
        job = await run_in_threadpool(lambda: work.submit(wished, by=_caller(request)))
        return Response(
            to_json(_shown(work, job)),
            status_code=202,
            media_type="application/json",
            headers={"location": f"/jobs/{job.id}"},
        )

    @router.get("")
    def look(request: Request) -> Response:
        """The caller's jobs, newest first."""
        found = [job for job in jobs(workspace) if _may(request, job)]
        return _json({"jobs": [_shown(work, job) for job in found]})

    @router.get("/{id_}")
    def one(id_: str, request: Request) -> Response:
        """A job: its state and progress, and its answers where they are few and lie with it."""
        job = _own(workspace, id_, request)
        return _json(_shown(work, job) | _answers(work, job))

    @router.get("/{id_}/result")
    def result(id_: str, request: Request) -> Response:
        """All answers of a finished job, as NDJSON."""
        job = _own(workspace, id_, request)
        file = work.output_of(job)
        if job.state != "finished" or file is None or not file.is_file():
            raise NotFoundError(
                f"the job {job.id} has no answers here", why=f"it is {job.state}", fix="Look at the job first."
            )
        return FileResponse(file, media_type="application/x-ndjson")

    @router.delete("/{id_}")
    def cancel(id_: str, request: Request) -> Response:
        """End a job; what it has written to a folder of its own stays."""
        job = _own(workspace, id_, request)
        wish_cancelled(workspace, job.id)
        work.step()
        return _json(_shown(work, find_job(workspace, job.id)))

    return router


def _json(value: Any) -> Response:
    return Response(to_json(value), media_type="application/json")


def _decoded(body: bytes) -> JobRequest:
    try:
        return msgspec.json.decode(body, type=JobRequest)
    except msgspec.MsgspecError as error:
        raise RequestRefusedError(
            "the body is no job", why=str(error), fix="Correct the field that is named, and send again."
        ) from error


def _caller(request: Request) -> str:
    return str(getattr(request.state, "caller", ""))


def _may(request: Request, job: Job) -> bool:
    return _caller(request) in (job.by, _HOME)


def _own(workspace: Workspace, id_: str, request: Request) -> Job:
    job = find_job(workspace, id_)
    if not _may(request, job):
        raise NotFoundError(f"there is no job {id_!r}")
    return job


def _shown(work: Jobs, job: Job) -> dict[str, Any]:
    progress = work.progress(job.id)
    shown: dict[str, Any] = {
        "id": job.id,
        "state": job.state,
        "endpoint": job.request.endpoint,
        "submitted_at": iso(job.submitted_at),
        "progress": {"done": progress.done, "rows": progress.rows} if progress else None,
    }
    if job.state not in OPEN:
        shown |= {"batch": job.batch, "rows": job.rows, "scored": job.scored, "refused": job.refused}
        shown |= {"error": job.error, "webhook": job.webhook}
    if job.state == "finished":
        shown["result"] = job.request.output or f"/jobs/{job.id}/result"
    return shown


def _answers(work: Jobs, job: Job) -> dict[str, Any]:
    """The answers, and the refused rows, where they are few and lie with the job."""
    file = work.output_of(job)
    if job.state != "finished" or file is None or job.rows > INLINE_ROWS:
        return {}
    refused = file.with_name(f"{file.stem}.rejects{file.suffix}")
    return {
        name: [plain(line) for line in path.read_bytes().splitlines()] if path.is_file() else []
        for name, path in (("answers", file), ("rejects", refused))
    }
