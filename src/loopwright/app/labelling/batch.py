"""A batch of requests that somebody is asked to label. It holds ids and reasons; what was asked stays in the log."""

from collections.abc import Sequence

import msgspec
import numpy as np
import polars as pl

from loopwright.app.labelling.informative import REASONS, Pick, Reason, choose, disagreement, drifted, uncertainty
from loopwright.app.observed import answered, model_columns, scores_of
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.errors import NotFoundError, UsageError
from loopwright.observations.labels import latest_labels, with_labels
from loopwright.observations.request_log import read_requests
from loopwright.stats.arrays import Floats
from loopwright.store.ledger import Record

KIND = "label_batch"
DAY: Micros = 86_400 * SECOND
MOST = 100_000
_NEWEST = 200_000
"""Requests that are looked at, the newest first."""


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One request to be labelled: why it was chosen and by which figure; `value` once a label has come back."""

    request_id: str
    at: Micros
    reason: Reason
    figure: float


class LabelBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Requests to be labelled together.

    Attributes:
        id: Its name.
        endpoint: Who answered them.
        version: The champion then, whose signature says which labels there can be.
        made_at: When, by the workspace's clock.
        looked_at: How many unlabelled requests it was chosen from.
        tasks: The requests.
        labelled: How many labels have come back.
        format_version: Of this struct.
    """

    id: str
    endpoint: str
    version: Digest
    made_at: Micros
    looked_at: int
    tasks: tuple[Task, ...]
    labelled: int = 0
    format_version: int = 1

    @property
    def reasons(self) -> dict[str, int]:
        """How many tasks there are for each reason."""
        named = [task.reason for task in self.tasks]
        return {reason: named.count(reason) for reason in REASONS if reason in named}


def make_batch(
    workspace: Workspace, endpoint: str, *, size: int, days: int = 30, reasons: Sequence[Reason] = REASONS
) -> LabelBatch:
    """Choose the requests whose labels would tell most, among those that have none and are in no batch yet.

    Args:
        workspace: Where the log is.
        endpoint: Whose requests.
        size: How many, at most.
        days: How far to look back.
        reasons: What counts.

    Raises:
        UsageError: The size cannot be, or nothing is left to be labelled.
        NotFoundError: The endpoint has no champion.
    """
    if not 0 < size <= MOST:
        raise UsageError(f"a batch of {size} requests cannot be", fix=f"Ask for 1 to {MOST:,}.")
    version = champion_of(workspace, endpoint)
    if version is None:
        raise NotFoundError(f"{endpoint!r} has no champion", fix="Run `loopwright run` first.")
    now = workspace.clock.now()
    rows = _unlabelled(workspace, endpoint, since=now - days * DAY)
    if not rows.height:
        raise UsageError(
            f"no request to {endpoint!r} waits for a label",
            why=f"in the last {days} days every answered request has one, is in a batch, or there was none",
            fix="Look back further with --days.",
        )
    signature = manifest_of(workspace, version).signature
    figures = _figures(workspace, endpoint, rows, version=version, signature=signature)
    seed = int.from_bytes(workspace.ids("seed").encode()[-6:], "big")
    picks = choose(figures, size, reasons=reasons, rng=np.random.default_rng(seed))
    if not picks:
        raise UsageError(
            f"no request is {' or '.join(reasons)}", fix="Leave --reason out, or look back further with --days."
        )
    batch = LabelBatch(
        id=workspace.ids("lab"),
        endpoint=endpoint,
        version=version,
        made_at=now,
        looked_at=rows.height,
        tasks=_tasks(rows, picks),
    )
    _save(workspace, batch)
    return batch


def find_batch(workspace: Workspace, name: str) -> LabelBatch:
    """The batch of that id, or of an id that begins so.

    Raises:
        NotFoundError: There is none, or there are several.
    """
    found = [batch for batch in batches(workspace) if batch.id.startswith(name)]
    if len(found) != 1:
        raise NotFoundError(
            f"there is no batch {name!r}" if not found else f"{len(found)} batches begin with {name!r}",
            fix="Run `loopwright label list`.",
        )
    return found[0]


def batches(workspace: Workspace, endpoint: str | None = None) -> list[LabelBatch]:
    """All batches, newest first."""
    where = {} if endpoint is None else {"endpoint": endpoint}
    return [
        msgspec.convert(record.data, LabelBatch)
        for record in workspace.stores.ledger.search(KIND, where=where, order="-at", limit=1_000)
    ]


def batch_record(batch: LabelBatch) -> Record:
    """The batch as it is kept."""
    return Record(
        kind=KIND,
        id=batch.id,
        data=msgspec.to_builtins(batch),
        facets={"endpoint": batch.endpoint, "tasks": len(batch.tasks), "labelled": batch.labelled},
        at=batch.made_at,
    )


def _save(workspace: Workspace, batch: LabelBatch) -> None:
    event = EventDraft(
        kind="labels_asked",
        subject=f"label_batch:{batch.id}",
        data={"endpoint": batch.endpoint, "tasks": len(batch.tasks), "looked_at": batch.looked_at, **batch.reasons},
        actor=workspace.actor,
        logical_at=batch.made_at,
    )
    workspace.stores.ledger.commit(records=[batch_record(batch)], events=[event])


def _unlabelled(workspace: Workspace, endpoint: str, *, since: Micros) -> pl.DataFrame:
    """The newest answered requests without a label, one for each thing."""
    tables = workspace.stores.tables
    rows = answered(tables, endpoint, since=since)
    if not rows.height:
        return rows
    rows = rows.sort("at", maintain_order=True).tail(_NEWEST)
    labels = latest_labels(tables, endpoint)
    told = with_labels(rows.select("request_id", "key"), labels)["request_id"] if labels.height else pl.Series([""])
    asked = {task.request_id for batch in batches(workspace, endpoint) for task in batch.tasks}
    left = rows.filter(~pl.col("request_id").cast(pl.String).is_in([*told.to_list(), *asked]))
    return left.filter(pl.col("key").is_null() | pl.col("key").is_last_distinct())


def _figures(
    workspace: Workspace, endpoint: str, rows: pl.DataFrame, *, version: Digest, signature: Signature
) -> dict[Reason, Floats]:
    reference = reference_of(workspace, manifest_of(workspace, version))
    columns = reference.columns if reference is not None else ()
    scores = scores_of(rows, signature)
    return {
        "uncertain": uncertainty(scores, signature.task),
        "disagreeing": disagreement(scores, _others(workspace, endpoint, rows, signature=signature)),
        "drifted": drifted(columns, model_columns(rows, signature), rows.height),
    }


def _others(workspace: Workspace, endpoint: str, rows: pl.DataFrame, *, signature: Signature) -> Floats:
    """What a shadow said to the same requests; NaN where there was none."""
    like = scores_of(rows, signature)
    found = np.full(like.shape, np.nan)
    span = (int(rows["at"].min() or 0), int(rows["at"].max() or 0) + DAY)  # type: ignore[arg-type]
    shadows = read_requests(workspace.stores.tables, endpoint, since=span[0], until=span[1], shadows=True)
    if "shadow_of" not in shadows.columns:
        return found
    copied = shadows.filter(pl.col("shadow_of").is_not_null() & (pl.col("status") == 200))
    if not copied.height:
        return found
    place = {name: row for row, name in enumerate(rows["request_id"].cast(pl.String).to_list())}
    theirs = scores_of(copied, signature)
    for name, score in zip(copied["shadow_of"].cast(pl.String).to_list(), theirs, strict=True):
        if name in place:
            found[place[name]] = score
    return found


def _tasks(rows: pl.DataFrame, picks: Sequence[Pick]) -> tuple[Task, ...]:
    ids, times = rows["request_id"].cast(pl.String).to_list(), rows["at"].to_list()
    return tuple(
        Task(request_id=ids[pick.row], at=times[pick.row], reason=pick.reason, figure=pick.figure) for pick in picks
    )
