"""Batches going out to people, and their labels coming back into the one table of labels."""

from collections import Counter
from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import msgspec
import polars as pl

from loopwright.app.labelling.batch import LabelBatch, batch_record
from loopwright.app.labelling.informative import Reason
from loopwright.app.labelling.sheets import Said, Shown, read_sheet, text_of
from loopwright.app.observed import plain_row
from loopwright.app.versions import manifest_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, iso
from loopwright.core.events import EventDraft
from loopwright.core.schema import Signature
from loopwright.errors import RequestRefusedError
from loopwright.observations.labels import CHOSEN, LabelRow, LabelValue, append_labels
from loopwright.observations.request_log import read_requests

_COLUMNS = ("request_id", "inputs", "output", "score", "key", "event_time")


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a sheet.

    Attributes:
        batch: Its batch.
        kept: Labels that were kept.
        unchanged: Requests that had the same label from this batch already.
        disputed: Requests on which people disagree without a majority; they have no label yet.
        foreign: Rows about requests that are not in the batch; left out.
        left: Requests of the batch that wait for a label.
    """

    batch: str
    kept: int
    unchanged: int
    disputed: tuple[str, ...]
    foreign: int
    left: int


def shown(workspace: Workspace, batch: LabelBatch) -> list[Shown]:
    """The batch's requests as people see them; a request whose row was removed from the log meanwhile is left out."""
    rows = _logged(workspace, batch)
    signature = manifest_of(workspace, batch.version).signature
    kinds = {column.name: column.kind for column in signature.request}
    by_id = {row["request_id"]: row for row in rows.iter_rows(named=True)}
    return [
        Shown(
            request_id=task.request_id,
            reason=task.reason,
            answer=_answer(row["output"] or {}),
            score=row["score"],
            inputs={
                name: _instant(value) if kinds[name] == "datetime" else value
                for name, value in plain_row(row["inputs"] or {}).items()
                if name in kinds
            },
        )
        for task in batch.tasks
        if (row := by_id.get(task.request_id)) is not None
    ]


def take_sheet(workspace: Workspace, batch: LabelBatch, path: Path) -> Imported:
    """Keep what people wrote: one label a request, the majority's where several looked. The same sheet again is none.

    Raises:
        SourceError, UsageError: See `read_sheet`.
        RequestRefusedError: A label cannot be one of this model's; its row is named and nothing is kept.
    """
    signature = manifest_of(workspace, batch.version).signature
    tasks = {task.request_id: task for task in batch.tasks}
    said = read_sheet(path)
    ours = [one for one in said if one.request_id in tasks]
    agreed, disputed = _agreed(ours, signature)
    before = _given(workspace, batch)
    new = {name: value for name, value in agreed.items() if before.get(name) != text_of(value)}
    times = {row["request_id"]: row for row in _logged(workspace, batch).iter_rows(named=True)} if new else {}
    now = workspace.clock.now()
    append_labels(
        workspace.stores.tables,
        [
            LabelRow(
                endpoint=batch.endpoint,
                request_id=name,
                key=times[name]["key"] if name in times else None,
                value=value,
                event_time=times[name]["event_time"] if name in times else tasks[name].at,
                at=now,
                source=source_of(batch, tasks[name].reason),
            )
            for name, value in new.items()
        ],
    )
    labelled = len(before.keys() | agreed.keys())
    if new or labelled != batch.labelled:  # a kill after the labels were kept left the count behind
        _record(workspace, msgspec.structs.replace(batch, labelled=labelled), kept=len(new), now=now)
    return Imported(
        batch=batch.id,
        kept=len(new),
        unchanged=len(agreed) - len(new),
        disputed=disputed,
        foreign=len({one.request_id for one in said if one.request_id not in tasks}),
        left=len(batch.tasks) - labelled,
    )


def source_of(batch: LabelBatch, reason: Reason) -> str:
    """The source of a batch's labels. Only those chosen by chance stand for the traffic as a whole."""
    return f"labelling/{batch.id}" if reason == "random" else f"{CHOSEN}{batch.id}"


def _record(workspace: Workspace, batch: LabelBatch, *, kept: int, now: Micros) -> None:
    event = EventDraft(
        kind="labels_imported",
        subject=f"label_batch:{batch.id}",
        data={"endpoint": batch.endpoint, "labels": kept, "labelled": batch.labelled, "tasks": len(batch.tasks)},
        actor=workspace.actor,
        logical_at=now,
    )
    workspace.stores.ledger.commit(records=[batch_record(batch)], events=[event])


def _agreed(said: Sequence[Said], signature: Signature) -> tuple[dict[str, LabelValue], tuple[str, ...]]:
    votes: dict[str, Counter[LabelValue]] = {}
    for one in said:
        votes.setdefault(one.request_id, Counter())[_value(one, signature)] += 1
    agreed = {name: winner for name, count in votes.items() if (winner := _majority(count)) is not None}
    return agreed, tuple(name for name in votes if name not in agreed)


def _majority(votes: Counter[LabelValue]) -> LabelValue | None:
    (first, most), *rest = votes.most_common(2)
    return first if not rest or rest[0][1] < most else None


def _value(one: Said, signature: Signature) -> LabelValue:
    if signature.task == "regression":
        try:
            number = float(one.value)
        except ValueError:
            number = float("nan")
        if isfinite(number):
            return number
        known = "a number"
    else:
        for value in signature.classes:
            if text_of(value).lower() == one.value.lower():
                return value
        known = " or ".join(text_of(value) for value in signature.classes)
    raise RequestRefusedError(
        f"the label {one.value!r} of {one.request_id} cannot be one of {signature.label!r}",
        why=f"it is {known}",
        fix="Correct it, and import the sheet again; nothing was kept.",
        field="label",
    )


def _given(workspace: Workspace, batch: LabelBatch) -> dict[str, str]:
    """The newest label that this batch gave each request, as text."""
    rows = workspace.stores.tables.scan("labels", columns=["request_id", "value", "source", "at"], since=batch.made_at)
    if not rows.height:
        return {}
    ours = rows.filter(pl.col("source").cast(pl.String).str.ends_with(f"/{batch.id}")).sort("at", maintain_order=True)
    return dict(ours.select(pl.col("request_id").cast(pl.String), pl.col("value").cast(pl.String)).iter_rows())


def _logged(workspace: Workspace, batch: LabelBatch) -> pl.DataFrame:
    times = [task.at for task in batch.tasks]
    rows = read_requests(
        workspace.stores.tables, batch.endpoint, since=min(times), until=max(times) + 1, columns=_COLUMNS
    )
    return rows.filter(pl.col("request_id").cast(pl.String).is_in([task.request_id for task in batch.tasks]))


def _instant(value: object) -> object:
    """A time as a person reads it; the request log keeps microseconds."""
    return iso(value) if isinstance(value, int) else value


def _answer(output: dict[str, object]) -> str:
    said = output.get("prediction", output.get("score"))
    return "" if said is None else text_of(said)
