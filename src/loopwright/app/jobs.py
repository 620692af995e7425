"""Jobs at work: one child process at a time, begun again after a kill, told about at the end."""

import shutil
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from loopwright.app.batch.asked import Asked
from loopwright.app.batch.child import Outcome, Progress
from loopwright.app.batch.database import is_database
from loopwright.app.batch.files import is_remote, local_files
from loopwright.app.batch.named_version import named_version
from loopwright.app.batch.process import BatchProcess
from loopwright.app.job import (
    INPUT,
    OPEN,
    OUTPUT,
    WISH_KIND,
    Delivery,
    Job,
    JobRequest,
    State,
    check_request,
    event,
    find_job,
    jobs,
    keep,
    submit,
)
from loopwright.app.job_places import SETTING, check_files, place_below
from loopwright.app.webhook import next_attempt, posted, signed, target
from loopwright.app.workspace import Workspace
from loopwright.core.codec import to_json
from loopwright.core.reference import read_reference
from loopwright.errors import ConflictError, ForbiddenError, LoopwrightError

ATTEMPTS = 3


class Jobs:
    """Begins jobs in the order in which they came, and tells who wishes to know. Safe from several threads.

    Args:
        workspace: The project's workspace.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._lock = Lock()
        self._running: tuple[str, BatchProcess] | None = None

    def submit(self, request: JobRequest, *, by: str) -> Job:
        """Take a job; refuses at once what could never be done.

        Raises:
            RequestRefusedError, ForbiddenError, NotFoundError: What it names is not there, or not allowed.
        """
        check_request(request)
        named_version(self._workspace, f"{request.endpoint}@{request.version}")
        if request.webhook is not None:
            self._secret()
            target(request.webhook, self._hosts())
        self._asked(request, "job")
        return submit(self._workspace, request, by=by)

    def progress(self, id_: str) -> Progress | None:
        """How far a job is; None where it does not run."""
        with self._lock:
            running = self._running
        return running[1].progress() if running is not None and running[0] == id_ else None

    def output_of(self, job: Job) -> Path | None:
        """The file of a job's answers, where they lie with the job."""
        return None if job.request.output else self._folder(job.id) / OUTPUT

    def step(self) -> None:
        """Note what has ended, end what is to end, begin what waits. Never waits for a job."""
        with self._lock:
            self._reap()
            for job in jobs(self._workspace, state="running"):
                self._look_after(job)
            waiting = jobs(self._workspace, state="queued")
            for job in reversed(waiting):
                if self._wished_cancelled(job):
                    self._ended(job, "cancelled")
                elif self._running is None:
                    self._begin(job)

    def deliver(self) -> None:
        """Make the attempts to tell that are due."""
        records = self._workspace.stores.ledger.search("job", where={"telling": True}, limit=100)
        for record in records:
            job = msgspec.convert(record.data, Job)
            if job.webhook is not None and job.webhook.next_at <= self._workspace.machine.now():
                self._tell(job, job.webhook)

    def stop(self) -> None:
        """End what runs; the next control process goes on with it."""
        with self._lock:
            if self._running is not None:
                self._running[1].stop()
                self._running = None

    def _look_after(self, job: Job) -> None:
        """A job that should run: end it where that is wished, begin it again where its process is gone."""
        own = self._running if self._running is not None and self._running[0] == job.id else None
        if self._wished_cancelled(job):
            if own is not None:
                own[1].stop()
                self._running = None
            self._ended(job, "cancelled")
        elif own is None and job.attempts >= ATTEMPTS:
            self._ended(job, "failed", error=_died())
        elif self._running is None:
            self._begin(job)

    def _begin(self, job: Job) -> None:
        """The start is written first, so that a kill on the way is known."""
        begun = msgspec.structs.replace(job, state="running", attempts=job.attempts + 1)
        keep(self._workspace, begun)
        try:
            asked = self._asked(job.request, job.id)
            self._running = (
                job.id,
                BatchProcess.start(
                    self._workspace, asked, self._folder(job.id) / "process", caused_by=(job.submitted,)
                ),
            )
        except LoopwrightError as error:
            self._ended(begun, "failed", error=_said(error))

    def _reap(self) -> None:
        if self._running is None:
            return
        id_, process = self._running
        outcome = process.outcome()
        if outcome is None:
            return
        process.stop()
        self._running = None
        job = find_job(self._workspace, id_)
        if outcome.result is not None or (outcome.error and outcome.error["code"] != ConflictError.code):
            self._noted(job, outcome)

    def _noted(self, job: Job, outcome: Outcome) -> None:
        if outcome.result is None:
            self._ended(job, "failed", error=outcome.error)
            return
        done = outcome.result
        job = msgspec.structs.replace(
            job, batch=done.id, rows=done.rows, scored=done.scored, refused=done.refused
        )  # fmt: skip
        self._ended(job, "finished")

    def _ended(self, job: Job, state: State, *, error: dict[str, Any] | None = None) -> None:
        job = msgspec.structs.replace(job, state=state, error=error)
        data = {"state": state, "batch": job.batch, "rows": job.rows, "refused": job.refused}
        keep(self._workspace, job, event("job_ended", self._workspace, job, data=data))
        folder = self._folder(job.id)
        shutil.rmtree(folder / "process", ignore_errors=True)
        (folder / INPUT).unlink(missing_ok=True)

    def _tell(self, job: Job, before: Delivery) -> None:
        attempts, now = before.attempts + 1, self._workspace.machine.now()
        why = self._sent(job)
        if not why:
            after = Delivery(state="delivered", attempts=attempts)
        else:
            again = next_attempt(attempts, now)
            after = Delivery(
                state="given_up" if again is None else "waiting", attempts=attempts, next_at=again or 0, why=why
            )
        told = msgspec.structs.replace(job, webhook=after)
        data = {"state": after.state, "attempts": attempts}
        keep(
            self._workspace,
            told,
            None if after.state == "waiting" else event("webhook_ended", self._workspace, job, data=data),
        )

    def _sent(self, job: Job) -> str:
        """Send one message; returns what went wrong, nothing where it was taken."""
        shown = {name: getattr(job, name) for name in ("id", "state", "batch", "rows", "scored", "refused", "error")}
        body = to_json({"type": f"job.{job.state}", "data": shown | {"endpoint": job.request.endpoint}})
        try:
            to = target(job.request.webhook or "", self._hosts())
            headers = signed(self._secret(), message=job.id, at=self._workspace.machine.now(), body=body)
        except LoopwrightError as error:
            return str(error)
        return posted(to, body, headers | {"content-type": "application/json"})

    def _asked(self, request: JobRequest, id_: str) -> Asked:
        """The batch of a job. Raises ForbiddenError where it names a place that it may not."""
        folder, project = self._folder(id_), self._workspace.project
        allowed = self._workspace.settings.text(SETTING)
        given = str(folder / INPUT)
        if request.input is not None:
            given = place_below(allowed, request.input, project)
            if not is_remote(given):
                check_files(allowed, local_files(given, project), project)
        output = str(folder / OUTPUT) if request.output is None else place_below(allowed, request.output, project)
        if is_database(output):
            raise ForbiddenError("a job writes files", why=f"{request.output} is none")
        return Asked(
            input=given,
            output=output,
            model=f"{request.endpoint}@{request.version}",
            keep=request.keep,
            policy=request.policy,
            as_of=request.as_of,
        )

    def _folder(self, id_: str) -> Path:
        return self._workspace.home / "jobs" / id_

    def _wished_cancelled(self, job: Job) -> bool:
        return job.state in OPEN and self._workspace.stores.ledger.record(WISH_KIND, job.id) is not None

    def _hosts(self) -> frozenset[str]:
        named = self._workspace.settings.text("webhook_hosts").split(",")
        return frozenset(name.strip().lower() for name in named if name.strip())

    def _secret(self) -> bytes:
        reference = self._workspace.settings.text("webhook_secret")
        if not reference:
            raise ForbiddenError(
                "this server sends no webhooks",
                why="the setting webhook_secret is empty, and a message that is not signed proves nothing",
                fix="Set webhook_secret to env:NAME or to a file, or ask for the job again and again.",
            )
        return read_reference(reference, setting="webhook_secret", base=self._workspace.project).strip()


def _said(error: LoopwrightError) -> dict[str, Any]:
    return {name: error.as_dict()[name] for name in ("code", "what", "why", "fix")}


def _died() -> dict[str, Any]:
    return {
        "code": "LW900",
        "what": f"the job's process died {ATTEMPTS} times",
        "why": "it was killed, or ran out of memory",
        "fix": "Look at the server's memory, then submit the job again.",
    }
