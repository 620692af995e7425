"""What comes in from outside while a loop runs: rows pushed to datasets, and labels."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.app.online import online_features
from loopwright.app.workspace import Workspace
from loopwright.data.dataset import Dataset
from loopwright.data.pushing import checked_rows, push
from loopwright.errors import ContractError, NotFoundError, UsageError
from loopwright.features.view import FeatureView
from loopwright.observations.feedback import Feedback, counts_of, keep_feedback, label_rows, landed


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


def take_feedback(
    workspace: Workspace, endpoint: str, given: Sequence[Feedback], *, idempotency_key: str | None = None
) -> int:
    """Keep labels and rewards in the one table of them; the latest one known of a thing wins. Returns how many.

    Raises:
        NotFoundError: Nothing has ever served under that name.
        RequestRefusedError: As `observations.feedback.label_rows`.
        UsageError: Others were sent under that idempotency key.
    """
    if workspace.stores.ledger.ref(workspace.ref("endpoint", endpoint, "arms")) is None:
        raise NotFoundError(f"there is no endpoint {endpoint!r}", fix="Run `loopwright status` to see endpoints.")
    now = workspace.clock.now()
    rows = label_rows(endpoint, given, now=now)
    stores = workspace.stores
    if keep_feedback(stores.tables, stores.kv, rows, idempotency_key=idempotency_key, now=now):
        events = landed(endpoint, counts_of(rows), now=now, actor=workspace.actor)
        stores.ledger.commit(events=events, durability="normal")
    return len(rows)
