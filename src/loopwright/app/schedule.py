"""Tables that a loop scores by a schedule: one child process at a time, each instant once, missed ones once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from loopwright.app.batch.asked import Asked
from loopwright.app.batch.process import BatchProcess
from loopwright.app.cron import due
from loopwright.app.score import Score
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, to_datetime
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError, UsageError
from loopwright.store.ledger import Record

KIND = "scheduled_score"
ATTEMPTS = 3
_FORMS = {"{date}": "%Y-%m-%d", "{time}": "%H%M"}


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a declared score stands: a record.

    Attributes:
        last: The newest instant that was begun, or when the declaration was first seen.
        state: What the newest instant came to.
        attempts: How often it was begun.
        started: The event that says so.
        why: What went wrong.
        batch: The batch.
    """

    last: Micros
    state: Literal["waiting", "running", "finished", "failed"] = "waiting"
    attempts: int = 0
    started: int = 0
    why: str = ""
    batch: str = ""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: begin an instant, or begin it again after its process died; or give it up."""

    action: Literal["begin", "again", "give_up"]
    at: Micros


def next_step(score: Score, standing: Standing, now: Micros, *, alive: bool) -> Step | None:
    """What is to be done about one declared score. Pure.

    Args:
        score: The declaration.
        standing: Where it stands.
        now: The workspace's time.
        alive: Whether the process of the newest instant runs.
    """
    if standing.state == "running":
        if alive:
            return None
        return Step(action="again" if standing.attempts < ATTEMPTS else "give_up", at=standing.last)
    at = due(score.schedule, standing.last, now)
    return None if at is None else Step(action="begin", at=at)


def asked_of(score: Score, loop: str, at: Micros) -> Asked:
    """The batch of one instant.

    Args:
        score: The declaration.
        loop: The loop's name, which is its model's.
        at: The instant, which `{date}` and `{time}` stand for.
    """
    when = to_datetime(at).astimezone(ZoneInfo(score.schedule.zone))
    return Asked(
        input=_dated(score.source, when),
        output=_dated(score.output, when),
        model=f"{loop}@{score.model}",
        query=None if score.query is None else _dated(score.query, when),
        table=score.table,
        keep=None if score.keep is None else tuple(score.keep),
        policy=score.policy,
        as_of=score.as_of,
        overwrite=True,
    )


class ScheduledScores:
    """Begins what is due and notes what became of it. Used by one thread.

    Args:
        workspace: The project's workspace.
        loop: The loop's name.
        scores: What it declares.

    Raises:
        UsageError: Two scores have one name.
    """

    def __init__(self, workspace: Workspace, loop: str, scores: Sequence[Score]) -> None:
        names = [score.name for score in scores]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise UsageError(f"two scores are named {twice.pop()!r}", fix="Give each lw.Score a name of its own.")
        self._workspace = workspace
        self._loop = loop
        self._scores = tuple(scores)
        self._running: tuple[Score, BatchProcess] | None = None

    def step(self) -> None:
        """Note what has ended, then begin at most one batch. Never waits for one."""
        self._reap()
        for score in self._scores:
            standing = self._standing(score)
            alive = self._running is not None and self._running[0].name == score.name
            step = next_step(score, standing, self._workspace.clock.now(), alive=alive)
            if step is None:
                continue
            if step.action == "give_up":
                self._ended(score, standing, why=f"its process died {ATTEMPTS} times")
            elif self._running is None:
                self._begin(score, standing, step)

    def stop(self) -> None:
        """End what runs; the next controller goes on with it."""
        if self._running is not None:
            self._running[1].stop()

    def _standing(self, score: Score) -> Standing:
        ledger, id_ = self._workspace.stores.ledger, f"{self._loop}/{score.name}"
        record = ledger.record(KIND, id_)
        if record is not None:
            return msgspec.convert(record.data, Standing)
        first = Standing(last=self._workspace.clock.now())  # what lies before the declaration is not made up for
        ledger.commit(records=[self._record(score, first)])
        return first

    def _begin(self, score: Score, standing: Standing, step: Step) -> None:
        """The start is written first, so that a kill on the way is known."""
        attempts = standing.attempts + 1 if step.action == "again" else 1
        draft = self._event("score_started", score, {"instant": step.at, "attempt": attempts})
        begun = Standing(last=step.at, state="running", attempts=attempts)
        number = self._commit(score, begun, draft)
        self._commit(score, msgspec.structs.replace(begun, started=number), None)
        folder = self._workspace.home / "run" / "scores" / f"{self._loop}-{score.name}"
        asked = asked_of(score, self._loop, step.at)
        self._running = (score, BatchProcess.start(self._workspace, asked, folder, caused_by=(number,)))

    def _reap(self) -> None:
        if self._running is None:
            return
        score, process = self._running
        outcome = process.outcome()
        if outcome is None:
            return
        process.stop()
        self._running = None
        standing = self._standing(score)
        if outcome.result is not None:
            self._ended(score, standing, batch=outcome.result.id)
        elif outcome.error is not None and outcome.error["code"] != ConflictError.code:
            self._ended(score, standing, why=f"{outcome.error['code']} {outcome.error['what']}: {outcome.error['why']}")

    def _ended(self, score: Score, standing: Standing, *, batch: str = "", why: str = "") -> None:
        state: Literal["finished", "failed"] = "failed" if why else "finished"
        draft = self._event(
            "score_finished",
            score,
            {"outcome": state, "why": why, "batch": batch},
            caused_by=(standing.started,) if standing.started else (),
        )
        self._commit(score, msgspec.structs.replace(standing, state=state, why=why, batch=batch), draft)

    def _event(
        self, kind: str, score: Score, data: dict[str, object], *, caused_by: tuple[int, ...] = ()
    ) -> EventDraft:
        return EventDraft(
            kind=kind,
            subject=f"loop:{self._loop}",
            data={"score": score.name, **data},
            caused_by=caused_by,
            actor="controller",
            namespace=self._workspace.namespace,
            logical_at=self._workspace.clock.now(),
        )

    def _commit(self, score: Score, standing: Standing, draft: EventDraft | None) -> int:
        written = self._workspace.stores.ledger.commit(
            records=[self._record(score, standing)], events=[draft] if draft is not None else []
        )
        return written[0].seq if written else 0

    def _record(self, score: Score, standing: Standing) -> Record:
        return Record(
            kind=KIND,
            id=f"{self._loop}/{score.name}",
            data=msgspec.to_builtins(standing),
            facets={"loop": self._loop, "name": score.name, "state": standing.state},
            at=self._workspace.clock.now(),
        )


def _dated(text: str, when: datetime) -> str:
    for field, form in _FORMS.items():
        text = text.replace(field, when.strftime(form))
    return text
