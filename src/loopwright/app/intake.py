"""What comes in from outside while a loop runs: rows pushed to datasets, and labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.online import push_online
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.data.dataset import Dataset
from loopwright.data.pushing import push
from loopwright.errors import NotFoundError, RequestRefusedError
from loopwright.features.view import FeatureView
from loopwright.observations.labels import LabelRow, append_labels


class Feedback(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One label that somebody sent: by the request's id, or by the key of the thing predicted."""

    value: float | int | bool | str
    key: str | int | None = None
    request_id: str | None = None
    event_time: str | int | None = None


def push_rows(
    workspace: Workspace, datasets: Mapping[str, Dataset], views: Sequence[FeatureView], name: str, rows: Sequence[Mapping[str, Any]]
) -> int:
    """Keep rows durably and bring them to the online features, before answering; returns how many.

    Raises:
        NotFoundError: No such dataset in the loop.
        DataRefusedError: A row breaks the contract; nothing was kept.
    """
    if name not in datasets:
        raise NotFoundError(f"the loop has no dataset {name!r}", why=f"it has {', '.join(sorted(datasets)) or 'none'}")
    known_at = workspace.clock.now()
    kept = push(workspace.stores, datasets[name], rows, known_at=known_at)
    push_online(workspace, views, name, rows, known_at)
    return kept


def take_feedback(workspace: Workspace, endpoint: str, labels: Sequence[Feedback]) -> int:
    """Append labels to the one label table; the latest one known for a key or a request wins. Returns how many.

    Raises:
        RequestRefusedError: A label names neither a key nor a request.
    """
    now = workspace.clock.now()
    rows = []
    for place, one in enumerate(labels):
        if one.key is None and one.request_id is None:
            raise RequestRefusedError(f"label {place + 1} names neither key nor request_id", fix="Send one of them with each label.")
        rows.append(LabelRow(
            key=None if one.key is None else str(one.key), request_id=one.request_id, endpoint=endpoint, value=one.value,
            event_time=one.event_time, at=now, source="feedback",
        ))
    append_labels(workspace.stores.tables, rows)
    workspace.stores.ledger.commit(
        events=[EventDraft(kind="labels_landed", subject=f"endpoint:{endpoint}", data={"labels": len(rows)}, actor=workspace.actor,
                           logical_at=now)], durability="normal",
    )
    return len(rows)
