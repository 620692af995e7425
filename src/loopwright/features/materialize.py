"""Warming the online features from history, as of a time."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from loopwright.core.clock import Micros
from loopwright.features.join import instants, numbers
from loopwright.features.online import Layout, OnlineFeatures, entity_text
from loopwright.features.recent import NEVER, Recent
from loopwright.features.view import KNOWN_AT


def materialize(
    online: OnlineFeatures,
    frames: Mapping[str, pl.DataFrame],
    *,
    as_of: Micros,
    row_ids: Mapping[str, str] | None = None,
) -> int:
    """Take in the rows of history that a request at `as_of` or later can still need.

    Rows are merged with those that are there, so pushes may go on meanwhile. Where a row can be in both (it was pushed
    and then landed), name its id here and at the push, or it counts twice.

    Args:
        online: What is warmed.
        frames: Rows by dataset, with `_known_at` (Int64 microseconds). A dataset that is not there is left as it is.
        as_of: The time; rows known later are left out.
        row_ids: The column that identifies a row, by dataset.

    Returns:
        How many entities' rows changed.

    Raises:
        MissingColumnError, UsageError: As `join_features`.
    """
    changed = 0
    for layout in online.layouts:
        if layout.source in frames:
            changes = _changes(
                layout,
                frames[layout.source],
                as_of=as_of,
                keep=online.keep(layout),
                row_id=(row_ids or {}).get(layout.source),
            )
            changed += online.merge(changes, as_of=as_of)
    return changed


def refill(online: OnlineFeatures, frames: Mapping[str, pl.DataFrame], *, as_of: Micros) -> int:
    """Put history in place of what is there, as of a time; returns how many entities have rows now.

    Nothing is counted twice, whatever was there; so nobody may push until this returns. Otherwise as `materialize`.
    """
    filled = 0
    for layout in online.layouts:
        if layout.source in frames:
            rows = _changes(layout, frames[layout.source], as_of=as_of, keep=online.keep(layout), row_id=None)
            online.replace(layout, rows, as_of=as_of)
            filled += len(rows)
    return filled


def _changes(
    layout: Layout, frame: pl.DataFrame, *, as_of: Micros, keep: Micros, row_id: str | None
) -> dict[str, tuple[Layout, Recent]]:
    """The rows of each entity by key; what lies further back than `keep` only says from when on they are complete."""
    of = f"the rows of {layout.source!r}"
    rows = pl.DataFrame(
        {
            **{f"e{i}": frame.get_column(name) for i, name in enumerate(layout.entity)},
            "at": instants(frame, layout.event_time, of=of),
            "known": instants(frame, KNOWN_AT, of=of),
            "id": pl.repeat("", len(frame), eager=True) if row_id is None else frame.get_column(row_id).cast(pl.String),
            **{f"c{i}": numbers(frame, name, of=of) for i, name in enumerate(layout.columns)},
        }
    )
    entity = [f"e{i}" for i in range(len(layout.entity))]
    rows = rows.filter(pl.col("known") <= as_of, pl.col("at").is_not_null()).drop_nulls(entity)
    gone = rows.filter(pl.col("at") < as_of - keep).group_by(entity).agg(pl.col("at").max() + 1)
    complete_from = {key[:-1]: key[-1] for key in gone.iter_rows()}
    changes = {_key(layout, key): (layout, _emptied(layout, at)) for key, at in complete_from.items()}
    recent = rows.filter(pl.col("at") >= as_of - keep).sort("at", "known")
    for key, own in recent.group_by(entity):
        changes[_key(layout, key)] = (
            layout,
            Recent(
                complete_from=complete_from.get(key, NEVER),
                at=own.get_column("at").to_numpy(),
                known=own.get_column("known").to_numpy(),
                ids=tuple(own.get_column("id").fill_null("")),
                columns=tuple(own.get_column(f"c{i}").to_numpy() for i in range(len(layout.columns))),
            ),
        )
    return changes


def _key(layout: Layout, entity: Sequence[object]) -> str:
    return layout.prefix + (entity_text(entity) or "")


def _emptied(layout: Layout, complete_from: Micros) -> Recent:
    """An entity of which only old rows are known: windows that reach back to them have no value."""
    nothing = np.empty(0, dtype=np.int64)
    columns = tuple(np.empty(0) for _ in layout.columns)
    return Recent(complete_from=complete_from, at=nothing, known=nothing, ids=(), columns=columns)
