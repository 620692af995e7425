"""Feedback as callers send it: checked, and kept in the table of labels."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from loopwright.core.clock import SECOND, Micros, micros
from loopwright.core.codec import to_json
from loopwright.core.events import EventDraft
from loopwright.core.hashing import digest_bytes
from loopwright.errors import RequestRefusedError, UsageError
from loopwright.observations.labels import Kind, LabelRow, LabelValue, append_labels
from loopwright.store.kv import KeyValues
from loopwright.store.tables import Tables

MOST = 10_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_METRIC = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}")
_THUMBS: Mapping[LabelValue, bool] = {"up": True, "down": False}
_LONGEST = 500
_KEPT_S = 86_400
_WORTHS = ("thumbs", "reward")
_EVENTS = {"labels": "labels_landed", "rewards": "rewards_landed"}


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that somebody sent: by the request's id, or by the key of the thing predicted.

    Attributes:
        value: What was true; `up` or `down` for thumbs; a number for a reward.
        kind: `label`, `correction`, `thumbs` or `reward`.
        metric: What a reward counts towards, as `conversion`; for no other kind.
        key: The thing.
        request_id: The request.
        event_time: When it became true, ISO 8601 or microseconds since 1970; when it was received, where None.
    """

    value: float | int | bool | str
    kind: Kind = "label"
    metric: str | None = None
    key: str | int | None = None
    request_id: str | None = None
    event_time: str | int | None = None


class FeedbackBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /feedback`: one or many for the requests of an endpoint."""

    endpoint: str
    labels: list[Feedback]


class OneFeedbackBody(Feedback, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /feedback` with one piece of feedback, without a list around it."""

    endpoint: str


def read_feedback(body: bytes) -> FeedbackBody:
    """What a body says, in either form.

    Raises:
        RequestRefusedError: It is neither; the field is named.
    """
    try:
        fields = msgspec.json.decode(body, type=dict[str, Any])
        if "labels" in fields:
            return msgspec.convert(fields, FeedbackBody)
        one = msgspec.convert(fields, OneFeedbackBody)
    except msgspec.MsgspecError as error:
        raise RequestRefusedError(
            "the body is not feedback", why=str(error), fix="Correct the field that is named, and send again."
        ) from error
    alone = {name: value for name, value in msgspec.structs.asdict(one).items() if name != "endpoint"}
    return FeedbackBody(endpoint=one.endpoint, labels=[Feedback(**alone)])


def label_rows(endpoint: str, given: Sequence[Feedback], *, now: Micros) -> list[LabelRow]:
    """Feedback as rows of the table of labels, known from `now` on.

    Raises:
        RequestRefusedError: One of them names neither key nor request, or has a value that its kind cannot have; the
            first such field is named, and none is taken.
    """
    if len(given) > MOST:
        raise RequestRefusedError(f"{len(given)} labels at once", why=f"the limit is {MOST}", fix="Send fewer at once.")
    return [_row(endpoint, one, place, now=now) for place, one in enumerate(given)]


def keep_feedback(
    tables: Tables, kv: KeyValues, rows: Sequence[LabelRow], *, idempotency_key: str | None, now: Micros
) -> bool:
    """Append rows, unless the same rows were kept under that idempotency key within a day; whether they were appended.

    Raises:
        UsageError: Other rows were kept under that key.
        NoSpaceError, NoPermissionError, StoreBusyError: None of them were kept, or they were and the key was not: then
            sending them again appends them again, which counts once.
    """
    if idempotency_key is None:
        append_labels(tables, rows)
        return True
    name = f"feedback/{digest_bytes(idempotency_key.encode())}"
    digest = digest_bytes(to_json([_said(row) for row in rows])).encode()
    before = kv.get_many([name]).get(name)
    if before is not None and before != digest:
        raise UsageError(
            "another body was sent under this Idempotency-Key", fix="Send a new key with every new body.",
            http_status=409,
        )  # fmt: skip
    if before is not None:
        return False
    append_labels(tables, rows)
    kv.put_many({name: digest}, expires_at=now + _KEPT_S * SECOND)
    return True


def counts_of(rows: Sequence[LabelRow]) -> dict[str, int]:
    """How many of the rows say what was true (`labels`) and how many what an answer was worth (`rewards`)."""
    rewards = sum(row.kind in _WORTHS for row in rows)
    return {"labels": len(rows) - rewards, "rewards": rewards}


def landed(endpoint: str, counts: Mapping[str, int], *, now: Micros, actor: str) -> list[EventDraft]:
    """What the journal says of feedback that was kept."""
    return [
        EventDraft(kind=_EVENTS[what], subject=f"endpoint:{endpoint}", data={what: n}, actor=actor, logical_at=now)
        for what, n in counts.items()
        if n
    ]


def _said(row: LabelRow) -> dict[str, Any]:
    """What the sender said: without the time of receipt, which also stands for an event time that was left out."""
    event_time = None if row.event_time == row.at else row.event_time
    return {**msgspec.structs.asdict(row), "at": None, "event_time": event_time}


def _row(endpoint: str, one: Feedback, place: int, *, now: Micros) -> LabelRow:
    where = f"labels[{place}]"
    if one.key is None and one.request_id is None:
        raise RequestRefusedError(
            f"label {place + 1} names neither key nor request_id", fix="Send one of them with each label.",
            field=f"{where}.request_id",
        )  # fmt: skip
    key = None if one.key is None else str(one.key)
    for name, text in (("key", key), ("request_id", one.request_id)):
        if text is not None and not 0 < len(text) <= _LONGEST:
            raise _refused(place, name, f"is empty or longer than {_LONGEST} characters", fix="Send the thing's own.")
    if one.kind == "reward" and (one.metric is None or not _METRIC.fullmatch(one.metric) or one.metric == "thumbs"):
        raise _refused(place, "metric", "is no name of a metric", fix='Send a name in lower case, as "conversion".')
    if one.kind != "reward" and one.metric is not None:
        raise _refused(place, "metric", f"does not go with a {one.kind}", fix='Send it with kind "reward" only.')
    return LabelRow(
        key=key, request_id=one.request_id, endpoint=endpoint, value=_value(one, place), kind=one.kind,
        metric=one.metric, event_time=_instant(one.event_time, now, place), at=now, source="feedback",
    )  # fmt: skip


def _value(one: Feedback, place: int) -> LabelValue:
    """The value as it is kept. One whole number too great for 64 bits would make every label beside it unreadable."""
    value = one.value
    if one.kind == "thumbs":
        if isinstance(value, bool):
            return value
        if value not in _THUMBS:
            raise _refused(place, "value", "is neither up nor down", fix='Send "up" or "down".')
        return _THUMBS[value]
    if one.kind == "reward":
        if isinstance(value, str) or not math.isfinite(value):
            raise _refused(place, "value", "is no finite number", fix="Send what the answer was worth, as 1 or 12.5.")
        return float(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise _refused(place, "value", "does not fit into 64 bits", fix="Send it as text, or rounded.")
    return value


def _instant(given: str | int | None, now: Micros, place: int) -> Micros:
    """An event time as microseconds; now where none is given."""
    if given is None:
        return now
    try:
        if isinstance(given, str):
            return micros(datetime.fromisoformat(given))
        return micros(_EPOCH + timedelta(microseconds=given))
    except (ValueError, OverflowError) as error:
        raise RequestRefusedError(
            f"event_time {given!r} is not an instant", why=str(error),
            fix="Send ISO 8601, as 2013-04-01T10:00:00Z.", field=f"labels[{place}].event_time",
        ) from error  # fmt: skip


def _refused(place: int, field: str, what: str, *, fix: str) -> RequestRefusedError:
    where = f"labels[{place}].{field}"
    return RequestRefusedError(f"the {field} of label {place + 1} {what}", why=f"see {where}", fix=fix, field=where)
