"""Requests that got a label become rows of the dataset that the loop learns from, as a version like any other."""

import msgspec
import polars as pl

from loopwright.app.loop_file import LoadedLoop
from loopwright.app.packaging import training_set_node
from loopwright.app.run import graph_of
from loopwright.app.training_set import TrainingSetSpec
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.data.coercion import convert
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.landing import land_frame
from loopwright.data.versions import read
from loopwright.errors import NotFoundError, UsageError
from loopwright.observations.labels import latest_labels, with_labels
from loopwright.observations.request_log import read_requests


class LabelledRows(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the labelled requests.

    Attributes:
        dataset: Where they went.
        rows: How many rows were landed.
        known: How many labelled requests are about things that the dataset has already: a training set takes their
            labels by key.
        version: The version that has them; None where there was nothing to land.
        event: The journal's number of the landing; None likewise.
    """

    dataset: str
    rows: int
    known: int
    version: Digest | None
    event: int | None


def land_labelled(workspace: Workspace, loaded: LoadedLoop) -> LabelledRows:
    """Land labelled requests about things that the dataset has no row of. The same requests again land nothing.

    Raises:
        UsageError: The pipeline has no training set of its own, or its dataset has no key.
        NotFoundError: The dataset has not landed yet.
        DataRefusedError: The rows break the dataset's contract, as where a column that no request carries must be
            there; nothing is landed.
    """
    spec, dataset = _dataset(loaded)
    version = workspace.stores.ledger.ref(workspace.ref("dataset", dataset.name, "latest"))
    if version is None:
        raise NotFoundError(f"{dataset.name!r} has not landed yet", fix="Run `loopwright run` first.")
    base = read(workspace.stores, dataset.name, version=version)
    rows = _labelled(workspace, loaded.loop.name)
    if not rows.height:
        return LabelledRows(dataset=dataset.name, rows=0, known=0, version=None, event=None)
    frame = _as_rows(rows, base, dataset=dataset, spec=spec)
    new = frame.join(base.select(str(dataset.key)), on=str(dataset.key), how="anti", maintain_order="left")
    nothing = LabelledRows(dataset=dataset.name, rows=0, known=frame.height, version=None, event=None)
    if not new.height:
        return nothing
    landing = land_frame(workspace.stores, dataset, new, clock=workspace.clock, actor=workspace.actor)
    if landing.version is None:
        return nothing
    return LabelledRows(
        dataset=dataset.name,
        rows=new.height,
        known=frame.height - new.height,
        version=landing.version,
        event=landing.event,
    )


def _dataset(loaded: LoadedLoop) -> tuple[TrainingSetSpec, Dataset]:
    node = training_set_node(graph_of(loaded, None))
    if node is None or node.source is None:
        raise UsageError(
            "it is not clear which dataset labelled requests belong to",
            why="the pipeline does not have exactly one lw.training_set(...)",
        )
    spec = msgspec.convert(node.source.spec, TrainingSetSpec)
    dataset = loaded.datasets[spec.dataset]
    if not dataset.key:
        raise UsageError(
            f"labelled requests cannot be told from the rows of {dataset.name!r}",
            why="it has no key, so that the same thing could be learned from twice",
            fix=f'Declare one, as lw.Dataset("{dataset.name}", key="id").',
        )
    return spec, dataset


def _labelled(workspace: Workspace, endpoint: str) -> pl.DataFrame:
    """The newest answered request of each key that has a label."""
    tables = workspace.stores.tables
    rows = read_requests(tables, endpoint)
    if not rows.height:
        return rows
    rows = rows.filter(pl.col("key").is_not_null() & (pl.col("status") == 200))
    told = with_labels(rows, latest_labels(tables, endpoint))
    if not told.height:
        return told
    return told.filter(pl.col("label").is_not_null()).unique("key", keep="last", maintain_order=True)


def _as_rows(rows: pl.DataFrame, base: pl.DataFrame, *, dataset: Dataset, spec: TrainingSetSpec) -> pl.DataFrame:
    """(n_rows, n_columns) with the dataset's columns and types; null where no request carries the column."""
    fields = rows["inputs"].struct.fields if isinstance(rows.schema["inputs"], pl.Struct) else []
    made = {}
    for name, dtype in base.schema.items():
        if name == RESERVED_COLUMN:
            continue
        if name == spec.label:
            values = rows["label"]
        elif name == dataset.key:
            values = rows["key"]
        elif name == dataset.event_time:
            values = rows["event_time"].cast(pl.Datetime("us"))
        elif name in fields:
            values = rows["inputs"].struct.field(name)
        else:
            values = pl.Series(name, [None] * rows.height, dtype=pl.String)
        made[name] = values.cast(dtype) if dtype.is_temporal() else convert(values.cast(pl.String), dtype)[0]
    return pl.DataFrame(made).drop_nulls([str(dataset.key), spec.label])
