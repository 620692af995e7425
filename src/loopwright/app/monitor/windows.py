"""The request log as finished windows: a cursor over it that is written with the verdicts, so that a process that is
stopped anywhere goes on with the row after the last one counted."""

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from loopwright.app.monitor.look import Look
from loopwright.app.observed import prediction_column, watched_columns
from loopwright.core.clock import Micros
from loopwright.monitoring.bins import named_blocks
from loopwright.monitoring.feed import Cut, FeedState, Strays, fed, placed, unread
from loopwright.monitoring.joined import join_labels
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, Reference, label_values
from loopwright.monitoring.sketch import sketch_bytes
from loopwright.monitoring.window import Window, count_blocks, merge, summarise
from loopwright.observations.labels import latest_labels

_CHUNK_US: Micros = DAY
"""Span of receipt that is read at once: what bounds the memory after a long pause."""
_MOST_SKETCHED = 60
"""Columns from which no sketches are kept: they are for people to read, and weigh five kilobytes a window each."""


def take(state: FeedState, cut: Cut, look: Look) -> tuple[FeedState, Window]:
    """Read what has come until the look; returns the new state and the windows that are finished now."""
    finished = Window()
    while state.read_until < look.now:
        until = min(look.now, state.read_until + _CHUNK_US)
        state, closed = _read(state, cut, look, until=until)
        finished = merge(finished, closed)
    return state, finished


def label_window(look: Look, reference: Reference, *, period_us: Micros, first: int, end: int) -> Window:
    """Labels of the windows from `first` to before `end`, as they are known now."""
    if reference.column(LABEL) is None or end <= first:
        return Window()
    since = first * period_us
    rows = look.answered(since)
    labels = latest_labels(look.workspace.stores.tables, look.loop.name, learned_since=since, chosen=False)
    if not rows.height or not labels.height:
        return Window()
    rows = rows.filter(pl.col("event_time").is_between(since, end * period_us, closed="left"))
    if not rows.height:
        return Window()
    joined = join_labels(rows, labels, np.zeros(rows.height))
    values = label_values(joined.label, look.signature.task, look.signature.classes)
    times = joined.event_time[joined.labelled]
    return msgspec.structs.replace(summarise({LABEL: values}, times, reference, period_us=period_us), rows={}, pairs={})


def _read(state: FeedState, cut: Cut, look: Look, *, until: Micros) -> tuple[FeedState, Window]:
    found = look.answered(state.since, until)
    if not found.height:
        return fed(state, cut, Window(), rows=found, strays=Strays(), now=until)
    rows = unread(state, found)
    at, event_time = rows["at"].to_numpy(), rows["event_time"].to_numpy()
    blocks, counted, strays = placed(state, cut, at=at, event_time=event_time)
    window = _counted(rows.filter(counted), blocks[counted], look)
    return fed(state, cut, window, rows=rows, strays=strays, now=until)


def _counted(rows: pl.DataFrame, blocks: NDArray[np.int64], look: Look) -> Window:
    """Counts of rows (n,) by window (n,)."""
    if not rows.height or look.reference is None:
        return Window()
    columns, misfits = watched_columns(rows, look.signature)
    window = count_blocks(columns | {PREDICTION: prediction_column(rows, look.signature)}, blocks, look.reference)
    names, position = named_blocks(blocks)
    numbers = [c.name for c in look.reference.columns if c.bins.ordered and c.name in columns]
    sketched = numbers if len(numbers) <= _MOST_SKETCHED else []
    return msgspec.structs.replace(
        window,
        misfits={
            name: {int(block): int((there & (position == i)).sum()) for i, block in enumerate(names)}
            for name, there in misfits.items()
            if there.any()
        },
        sketches={
            name: {int(block): sketch_bytes(columns[name][position == i]) for i, block in enumerate(names)}
            for name in sketched
        },
    )
