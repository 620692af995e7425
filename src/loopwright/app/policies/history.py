"""The past that policies are tried on: every labelled row, with the features that were known at its time."""

import dataclasses
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import polars as pl
from numpy.typing import NDArray

from loopwright.app.landing import land_all
from loopwright.app.loop import Loop
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.packaging import event_times, labels_of, training_set_node
from loopwright.app.retraining.window import Decayed, Growing, SinceChangePoint, Sliding
from loopwright.app.run import graph_of
from loopwright.app.scenario import Labels, Push, Scenario
from loopwright.app.training_set import TrainingSets, TrainingSetSpec
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import Micros
from loopwright.core.ids import random_id
from loopwright.data.landing import land_frame
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet
from loopwright.pipelines.graph import Graph
from loopwright.stats.arrays import AnyArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class History:
    """Labelled rows in order of event time.

    Attributes:
        loop: Whose past it is.
        graph: Its pipeline.
        rows: n rows with point-in-time features; each row's features know only what came before it.
        at: (n,) event time, microseconds UTC.
        label: (n,) labels as values.
        delay_us: How long after its event time a row's label is known.
        window: Which of the known rows are learned from.
    """

    loop: Loop
    graph: Graph
    rows: TrainingSet
    at: NDArray[np.int64]
    label: AnyArray
    delay_us: Micros
    window: Growing | Sliding | Decayed = Growing()  # noqa: RUF009 - frozen and without fields

    def known_by(self, instant: Micros) -> TrainingSet:
        """What could be learned from at an instant: rows whose labels were known, those of the loop's window."""
        known = self.at + self.delay_us <= instant
        if not known.any() or isinstance(self.window, Growing):
            return self.rows.rows(known)
        newest = int(self.at[known].max())
        if isinstance(self.window, Sliding):
            return self.rows.rows(known & (self.at > newest - self.window.width))
        weight = 0.5 ** ((newest - self.at[known]) / self.window.half_life)
        return dataclasses.replace(self.rows.rows(known), weight=weight)

    def between(self, since: Micros, until: Micros) -> slice:
        """Where the rows of a half-open span of event time lie."""
        low, high = np.searchsorted(self.at, [since, until])
        return slice(int(low), int(high))


def history_of(workspace: Workspace, loaded: LoadedLoop, *, delay_us: Micros) -> History:
    """What has landed in a home, as the loop's training set sees it.

    Raises:
        UsageError: The pipeline has no training set, or several, or its rows have no event time.
        NotFoundError: Nothing has landed yet.
    """
    graph = graph_of(loaded, None)
    node = training_set_node(graph)
    if node is None or node.source is None:
        raise UsageError(
            "the past of this loop cannot be replayed",
            why="its pipeline does not have exactly one lw.training_set(...)",
        )
    spec = msgspec.convert(node.source.spec, TrainingSetSpec)
    made = TrainingSets(workspace=workspace, datasets=loaded.datasets, endpoint=loaded.loop.name).load(
        msgspec.to_builtins(spec)
    )
    times = event_times(made)
    if times is None:
        raise UsageError(
            "the past of this loop cannot be replayed",
            why=f"the rows of {spec.dataset!r} have no event time",
            fix=f'Give the dataset event_time=, as lw.Dataset("{spec.dataset}", event_time="created_at").',
        )
    order = np.argsort(times, kind="stable")
    rows = TrainingSet(
        features=made.features[order],
        label=made.label[order],
        about=made.about[order],
        signature=made.signature,
        event_time=made.event_time,
    )
    return History(
        loop=loaded.loop,
        graph=graph,
        rows=rows,
        at=times[order],
        label=labels_of(rows),
        delay_us=delay_us,
        window=_window(loaded.loop),
    )


def _window(loop: Loop) -> Growing | Sliding | Decayed:
    """The loop's window; one that goes by change points is a growing one here, since no incident tells of them."""
    window = loop.retraining.window
    return Growing() if isinstance(window, SinceChangePoint) else window


@contextmanager
def home_with(project: Path, loaded: LoadedLoop, scenario: Scenario) -> Iterator[Workspace]:
    """A home of its own, removed afterwards, in which all that a scenario plays has landed already."""
    folder = project / f".loopwright-policy-{random_id('x')[-8:]}"
    workspace = open_workspace(project, explicit={"home": folder.name}, create=True, replay=True)
    try:
        land_all(workspace, loaded.datasets)
        for push in scenario.pushes:
            labels = next((one for one in scenario.labels if _about(one, push, loaded)), None)
            frame = _frame(project, push.source, labels)
            land_frame(workspace.stores, loaded.datasets[push.dataset], frame, clock=workspace.clock)
        yield workspace
    finally:
        workspace.close()
        shutil.rmtree(folder, ignore_errors=True)


def _about(labels: Labels, push: Push, loaded: LoadedLoop) -> bool:
    """Whether the labels are those of the pushed dataset: it has their key, and the loop predicts their value."""
    dataset = loaded.datasets[push.dataset]
    node = training_set_node(graph_of(loaded, None))
    spec: dict[str, Any] = node.source.spec if node is not None and node.source is not None else {}
    return dataset.key == labels.key and spec.get("dataset") == push.dataset and spec.get("label") == labels.value


def _frame(project: Path, source: str, labels: Labels | None) -> pl.DataFrame:
    frame = _read(project / source)
    if labels is None:
        return frame
    told = _read(project / labels.source).select(labels.key, labels.value).unique(labels.key, keep="last")
    rest = frame.drop(labels.value) if labels.value in frame.columns else frame
    return rest.join(told, on=labels.key, how="left", maintain_order="left").select(
        *(name for name in frame.columns if name in rest.columns or name == labels.value)
    )


def _read(path: Path) -> pl.DataFrame:
    return pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
