"""What people should look at of an application's answers, and what they say of them."""

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import msgspec
import numpy as np

from loopwright.app.evaluations.logged import LoggedCall
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError, UsageError
from loopwright.evals.live_traffic import METRIC
from loopwright.observations.feedback import Feedback, counts_of, keep_feedback, label_rows, landed
from loopwright.observations.labels import TABLE
from loopwright.observations.request_log import TABLE as REQUESTS

Reason = Literal["thumbs_down", "failed", "random"]
REASONS: tuple[Reason, ...] = get_args(Reason)


class ToReview(msgspec.Struct, frozen=True, kw_only=True):
    """One answer to look at.

    Attributes:
        request_id: Its request.
        reason: Why: a user did not like it, a live evaluation failed it, or nothing but chance. Only those that chance
            chose say how good the application is.
        question: What was asked.
        answer: What was answered.
        failed: The scorers that failed it.
    """

    request_id: str
    reason: Reason
    question: str
    answer: str
    failed: tuple[str, ...] = ()


def review_queue(
    workspace: Workspace, endpoint: str, calls: Sequence[LoggedCall], *, size: int, seed: int = 0
) -> tuple[ToReview, ...]:
    """Answers that nobody has corrected yet; the reasons take turns, each for an equal part as far as it has calls.

    Args:
        workspace: The workspace.
        endpoint: Whose calls.
        calls: Those to choose from.
        size: How many, at most.
        seed: Of the random ones.
    """
    failed = _failed(workspace, endpoint)
    open_ = [call for call in calls if call.correction is None]
    drawn = np.random.default_rng(seed).permutation(len(open_))
    groups: dict[Reason, list[LoggedCall]] = {
        "thumbs_down": [call for call in reversed(open_) if call.thumbs is False],
        "failed": [call for call in reversed(open_) if call.request_id in failed],
        "random": [open_[at] for at in drawn if open_[at].thumbs is None],
    }
    chosen: dict[str, ToReview] = {}
    while len(chosen) < size and any(groups.values()):
        for reason in REASONS:
            if groups[reason] and len(chosen) < size:
                call = groups[reason].pop(0)
                chosen.setdefault(call.request_id, _to_review(call, reason, failed))
    return tuple(chosen.values())


def keep_review(
    workspace: Workspace, endpoint: str, request_id: str, *, thumbs: bool | None, correction: str | None
) -> None:
    """Write down what a person says of an answer, as the feedback of a user is.

    Raises:
        UsageError: Nothing is said.
        NotFoundError: The endpoint has answered no such request.
        NoSpaceError, NoPermissionError: It is not kept.
    """
    said = []
    if thumbs is not None:
        said.append(Feedback(kind="thumbs", value="up" if thumbs else "down", request_id=request_id))
    if correction is not None:
        said.append(Feedback(kind="correction", value=correction, request_id=request_id))
    if not said:
        raise UsageError("nothing is said of the answer", fix="Add --up, --down or --correction TEXT.")
    logged = workspace.stores.tables.scan(REQUESTS, columns=["endpoint", "request_id"]).iter_rows()
    if (endpoint, request_id) not in logged:
        raise NotFoundError(
            f"{endpoint!r} has answered no request {request_id!r}", why="the request log does not have it",
            fix=f"Copy the id from `loopwright eval queue {endpoint}`.",
        )  # fmt: skip
    now = workspace.clock.now()
    rows = label_rows(endpoint, said, now=now)
    keep_feedback(workspace.stores.tables, workspace.stores.kv, rows, idempotency_key=None, now=now)
    events = landed(endpoint, counts_of(rows), now=now, actor=workspace.actor)
    workspace.stores.ledger.commit(events=events, durability="normal")


def _failed(workspace: Workspace, endpoint: str) -> Mapping[str, tuple[str, ...]]:
    """The live evaluations that failed, by request."""
    frame = workspace.stores.tables.scan(TABLE, columns=["endpoint", "request_id", "metric", "value"])
    found: dict[str, list[str]] = {}
    for row in frame.iter_rows(named=True):
        metric = row["metric"] or ""
        if row["endpoint"] == endpoint and metric.startswith(METRIC) and float(row["value"]) == 0.0:
            found.setdefault(str(row["request_id"]), []).append(metric.removeprefix(METRIC))
    return {request: tuple(sorted({*names})) for request, names in found.items()}


def _to_review(call: LoggedCall, reason: Reason, failed: Mapping[str, tuple[str, ...]]) -> ToReview:
    return ToReview(
        request_id=call.request_id,
        reason=reason,
        question=call.case.question,
        answer=call.answer.text,
        failed=failed.get(call.request_id, ()),
    )
