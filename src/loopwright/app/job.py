"""A batch that a caller submits and asks about later: what is wished, where it stands, in the ledger."""

from typing import Any, Literal

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.codec import to_json
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError, NotFoundError, RequestRefusedError
from loopwright.store.ledger import Record

KIND, WISH_KIND = "job", "job_cancel"
INPUT, OUTPUT = "input.ndjson", "output.ndjson"
State = Literal["queued", "running", "finished", "failed", "cancelled"]
OPEN: tuple[State, ...] = ("queued", "running")


class JobRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /jobs`: records, or where they are.

    Attributes:
        endpoint: The model's name.
        version: An alias, or the beginning of a version's digest.
        records: The rows themselves.
        input: Or a file, glob or folder below the setting `jobs_folder`.
        output: Where answers go, below `jobs_folder`; with the job where none is named.
        keep: Columns that are written beside each answer.
        policy: `refuse` or `flag` rows outside the contract.
        as_of: How features are joined.
        webhook: Who is told when the job has ended.
    """

    endpoint: str
    version: str = "champion"
    records: list[dict[str, Any]] | None = None
    input: str | None = None
    output: str | None = None
    keep: tuple[str, ...] | None = None
    policy: Literal["refuse", "flag"] | None = None
    as_of: Literal["event", "now"] | None = None
    webhook: str | None = None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How far the telling is; times are the machine's.

    Attributes:
        state: `waiting` until it was taken or given up.
        attempts: How often it was tried.
        next_at: Not before then.
        why: What went wrong last.
    """

    state: Literal["waiting", "delivered", "given_up"] = "waiting"
    attempts: int = 0
    next_at: Micros = 0
    why: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job, as the ledger keeps it: never the records themselves.

    Attributes:
        id: The job's.
        by: Who submitted it.
        submitted_at: When, by the workspace's clock.
        request: What is wished, without its records.
        state: Where it stands.
        attempts: How often its process was begun.
        batch: The batch that it came to.
        rows, scored, refused: Of that batch.
        error: What went wrong, as every surface shows errors.
        webhook: How far the telling is, where somebody is to be told.
        submitted: The event that says that it was submitted.
    """

    id: str
    by: str
    submitted_at: Micros
    request: JobRequest
    state: State = "queued"
    attempts: int = 0
    batch: str = ""
    rows: int = 0
    scored: int = 0
    refused: int = 0
    error: dict[str, Any] | None = None
    webhook: Delivery | None = None
    submitted: int = 0


def check_request(request: JobRequest) -> None:
    """Raise RequestRefusedError where a job has neither records nor an input, or both."""
    if (request.records is None) == (request.input is None) or request.records == []:
        raise RequestRefusedError(
            "a job has either records or an input", fix='Send "records": [{…}], or "input": "FILE".', field="records"
        )


def submit(workspace: Workspace, request: JobRequest, *, by: str) -> Job:
    """Keep a job that waits for its turn; its records lie beside it before it is known."""
    job = Job(
        id=workspace.ids("job"),
        by=by,
        submitted_at=workspace.clock.now(),
        request=msgspec.structs.replace(request, records=None),
        webhook=Delivery() if request.webhook else None,
    )
    if request.records is not None:
        folder = workspace.home / "jobs" / job.id
        folder.mkdir(parents=True)
        (folder / INPUT).write_bytes(b"".join(to_json(record) + b"\n" for record in request.records))
    data = {"endpoint": request.endpoint, "by": by}
    number = keep(workspace, job, event("job_submitted", workspace, job, data=data))
    job = msgspec.structs.replace(job, submitted=number)
    keep(workspace, job)
    return job


def wish_cancelled(workspace: Workspace, id_: str) -> Job:
    """Note that a job is to end; the control process sees to it.

    Raises:
        NotFoundError: There is none.
        ConflictError: It has ended.
    """
    job = find_job(workspace, id_)
    if job.state not in OPEN:
        raise ConflictError(f"the job {job.id} is {job.state} already", fix="Look at it: loopwright job show ID.")
    workspace.stores.ledger.commit(records=[Record(kind=WISH_KIND, id=job.id, data={}, at=workspace.clock.now())])
    return job


def find_job(workspace: Workspace, id_: str) -> Job:
    """A job by its id or the beginning of it. Raises NotFoundError."""
    record = workspace.stores.ledger.record(KIND, id_)
    if record is not None:
        return msgspec.convert(record.data, Job)
    begins = [job for job in jobs(workspace) if job.id.startswith(id_) and len(id_) > len("job_")]
    if len(begins) != 1:
        raise NotFoundError(f"there is no job {id_!r}", fix="Run `loopwright job list`.")
    return begins[0]


def jobs(workspace: Workspace, *, state: State | None = None, limit: int = 1_000) -> tuple[Job, ...]:
    """Jobs, newest first."""
    where: dict[str, str | float | int | bool] = {} if state is None else {"state": state}
    found = workspace.stores.ledger.search(KIND, where=where, order="-at", limit=limit)
    return tuple(msgspec.convert(record.data, Job) for record in found)


def keep(workspace: Workspace, job: Job, draft: EventDraft | None = None) -> int:
    """Write a job as it stands, with an event where something happened; returns the event's number."""
    facets: dict[str, str | float | int | bool] = {
        "state": job.state,
        "endpoint": job.request.endpoint,
        "telling": job.webhook is not None and job.webhook.state == "waiting" and job.state not in OPEN,
    }
    record = Record(kind=KIND, id=job.id, data=msgspec.to_builtins(job), facets=facets, at=job.submitted_at)
    written = workspace.stores.ledger.commit(records=[record], events=[] if draft is None else [draft])
    return written[0].seq if written else 0


def event(kind: str, workspace: Workspace, job: Job, *, data: dict[str, Any]) -> EventDraft:
    """An event about a job."""
    return EventDraft(
        kind=kind,
        subject=f"job:{job.id}",
        data=data,
        caused_by=(job.submitted,) if job.submitted else (),
        actor="controller",
        namespace=workspace.namespace,
        logical_at=workspace.clock.now(),
    )
