"""What comes in from outside while a loop runs: rows pushed to datasets, and labels."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from loopwright.app.online import online_features
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, micros
from loopwright.core.events import EventDraft
from loopwright.data.dataset import Dataset
from loopwright.data.pushing import checked_rows, push
from loopwright.errors import ContractError, NotFoundError, RequestRefusedError, UsageError
from loopwright.features.view import FeatureView
from loopwright.observations.labels import LabelRow, LabelValue, append_labels

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One label that somebody sent: by the request's id, or by the key of the thing predicted."""

    value: float | int | bool | str
    key: str | int | None = None
    request_id: str | None = None
    event_time: str | int | None = None


def push_rows(
    workspace: Workspace,
    datasets: Mapping[str, Dataset],
    views: Sequence[FeatureView],
    *,
    name: str,
    rows: Sequence[Mapping[str, Any]],
    batch: str | None = None,
) -> int:
    """Keep rows durably and bring them to the online features, before answering; returns how many.

    Raises:
        NotFoundError: No such dataset in the loop.
        DataRefusedError: A row breaks the contract, or a feature view cannot read it; nothing was kept.
    """
    if name not in datasets:
        raise NotFoundError(f"the loop has no dataset {name!r}", why=f"it has {', '.join(sorted(datasets)) or 'none'}")
    known_at = workspace.clock.now()
    online = online_features(workspace, [view for view in views if view.source.name == name])
    try:
        changes = online.changes(name, rows, known_at=known_at)
    except UsageError as error:
        checked_rows(workspace.stores, datasets[name], rows)  # the contract's refusal names every failure
        raise ContractError(f"a feature view cannot read a row pushed to {name!r}", why=error.what) from error
    kept = push(workspace.stores, datasets[name], rows, known_at=known_at, batch=batch)
    online.merge(changes, as_of=known_at)
    return kept


def take_feedback(workspace: Workspace, endpoint: str, labels: Sequence[Feedback]) -> int:
    """Append labels to the one label table; the latest one known for a key or a request wins. Returns how many.

    Raises:
        NotFoundError: Nothing has ever served under that name.
        RequestRefusedError: A label names neither a key nor a request, or holds a number that no column can.
    """
    if workspace.stores.ledger.ref(workspace.ref("endpoint", endpoint, "arms")) is None:
        raise NotFoundError(f"there is no endpoint {endpoint!r}", fix="Run `loopwright status` to see endpoints.")
    now = workspace.clock.now()
    rows = []
    for place, one in enumerate(labels):
        if one.key is None and one.request_id is None:
            raise RequestRefusedError(
                f"label {place + 1} names neither key nor request_id", fix="Send one of them with each label."
            )
        rows.append(
            LabelRow(
                key=None if one.key is None else str(one.key),
                request_id=one.request_id,
                endpoint=endpoint,
                value=_storable(one.value),
                event_time=_instant(one.event_time, now),
                at=now,
                source="feedback",
            )
        )
    append_labels(workspace.stores.tables, rows)
    workspace.stores.ledger.commit(
        events=[
            EventDraft(
                kind="labels_landed",
                subject=f"endpoint:{endpoint}",
                data={"labels": len(rows)},
                actor=workspace.actor,
                logical_at=now,
            )
        ],
        durability="normal",
    )
    return len(rows)


def _storable(value: LabelValue) -> LabelValue:
    """The value. One whole number too great for 64 bits would make every label beside it unreadable.

    Raises:
        RequestRefusedError: It is such a number.
    """
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise RequestRefusedError("a label's value does not fit into 64 bits", fix="Send it as text, or rounded.")
    return value


def _instant(given: str | int | None, now: Micros) -> Micros:
    """An event time as microseconds; now where none is given.

    Raises:
        RequestRefusedError: It is text that is no ISO 8601 instant, or lies outside the years 1 to 9999.
    """
    if given is None:
        return now
    try:
        if isinstance(given, str):
            return micros(datetime.fromisoformat(given))
        return micros(_EPOCH + timedelta(microseconds=given))
    except (ValueError, OverflowError) as error:
        raise RequestRefusedError(
            f"event_time {given!r} is not an instant", why=str(error), fix="Send ISO 8601, as 2013-04-01T10:00:00Z."
        ) from error
