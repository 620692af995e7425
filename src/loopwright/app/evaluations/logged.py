"""Calls of an application as the log has them, with what people said of the answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import polars as pl

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.codec import plain
from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError, NotFoundError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case, text_of
from loopwright.llm.ask import OPERATIONS, Ask, Usage
from loopwright.llm.protocols.chat import as_chat
from loopwright.observations.labels import latest_labels, latest_worths
from loopwright.observations.request_log import read_requests

_TEXT = tuple(operation for operation in OPERATIONS if operation != "embedding")


class LoggedCall(msgspec.Struct, frozen=True, kw_only=True):
    """One call whose content is in the log.

    Attributes:
        request_id: Its id.
        at: When it came.
        version: What answered.
        case: What was asked.
        answer: What was answered, without its passages.
        passages: Ids of the passages that it was given.
        thumbs: What a person said last; None: nothing.
        correction: What a person said the answer should have been; None: nothing.
    """

    request_id: str
    at: Micros
    version: Digest
    case: Case
    answer: Answer
    passages: tuple[str, ...] = ()
    thumbs: bool | None = None
    correction: str | None = None


def logged_calls(
    workspace: Workspace,
    endpoint: str,
    *,
    since: Micros | None = None,
    until: Micros | None = None,
    limit: int = 10_000,
) -> tuple[LoggedCall, ...]:
    """The calls that were answered, oldest first: the newest `limit` of them.

    Raises:
        NotFoundError: There are calls, and none has content: it is not kept unless it is switched on.
    """
    frame = read_requests(workspace.stores.tables, endpoint, since=since, until=until)
    if not {"operation", "inputs", "output"} <= {*frame.columns}:
        return ()
    answered = frame.filter(pl.col("operation").is_in(_TEXT) & (pl.col("status") == 200)).tail(limit)
    thumbs, corrections = _said(workspace, endpoint)
    calls = [
        call
        for row in answered.iter_rows(named=True)
        if (call := _call(row, thumbs=thumbs, corrections=corrections)) is not None
    ]
    if answered.height and not calls:
        raise NotFoundError(
            f"the log of {endpoint!r} has no questions and answers", why="their content is not kept",
            fix="Set llm_log_content to redacted or full; calls from then on are kept.",
        )  # fmt: skip
    return tuple(calls)


def _said(workspace: Workspace, endpoint: str) -> tuple[dict[str, bool], dict[str, str]]:
    """Thumbs and corrections by request."""
    worths = latest_worths(workspace.stores.tables, endpoint, metric="thumbs")
    truths = latest_labels(workspace.stores.tables, endpoint)
    thumbs = {row["request_id"]: row["value"] > 0 for row in worths.iter_rows(named=True) if row["request_id"]}
    corrections = {row["request_id"]: str(row["value"]) for row in truths.iter_rows(named=True) if row["request_id"]}
    return thumbs, corrections


def _call(row: Mapping[str, Any], *, thumbs: Mapping[str, bool], corrections: Mapping[str, str]) -> LoggedCall | None:
    body, output = _object(row["inputs"]), _object(row["output"])
    if not body or "text" not in output:
        return None
    try:
        chat = as_chat(Ask(operation=row["operation"], body=body)).body
    except LoopwrightError:  # a body that was refused: there is nothing to judge
        return None
    id_ = str(row["request_id"])
    said = [{"role": str(m.get("role", "user")), "content": text_of(m.get("content"))} for m in _messages(chat)]
    if not any(message["role"] == "user" for message in said):
        return None
    variables = chat.get("variables")
    case = Case(
        id=id_,
        messages=said,
        variables=variables if isinstance(variables, Mapping) else {},
        expected=corrections.get(id_),
        source=f"trace:{id_}",
    )
    return LoggedCall(
        request_id=id_,
        at=int(row["at"]),
        version=str(row["version"]),
        case=case,
        answer=_answer(row, str(output["text"])),
        passages=tuple(row.get("passages") or ()),
        thumbs=thumbs.get(id_),
        correction=corrections.get(id_),
    )


def _answer(row: Mapping[str, Any], text: str) -> Answer:
    tokens = (row.get("input_tokens"), row.get("output_tokens"))
    return Answer(
        text=text,
        usage=None if None in tokens else Usage(input_tokens=int(tokens[0] or 0), output_tokens=int(tokens[1] or 0)),
        cost_usd=row.get("cost_usd"),
        latency_us=int(row.get("latency_us") or 0),
        first_token_us=row.get("first_token_us"),
        finish=row.get("finish"),
        request_id=str(row["request_id"]),
    )


def _messages(chat: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found = chat.get("messages")
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _object(value: Any) -> dict[str, Any]:
    """An object of a row: columns of several rows share their fields, so that what a row lacks is null in it."""
    try:
        found = plain(value) if isinstance(value, str) else value
    except ValueError:
        return {}
    cleaned = _without_nulls(found)
    return cleaned if isinstance(cleaned, dict) else {}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_nulls(one) for name, one in value.items() if one is not None}
    return [_without_nulls(one) for one in value] if isinstance(value, list) else value
