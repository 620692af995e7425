"""`lw.training_set(...)`: what a model is trained on, declared by name in the pipeline and built from pinned versions.

A training set is a pure function of its spec and its *pins*: the dataset versions it reads and the instant up to which
labels were known. `reproduce` builds it again from the same pins.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import numpy as np
import polars as pl

from loopwright.app.retraining.window import PinnedWindow
from loopwright.app.windowed import windowed
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest, digest_value
from loopwright.core.schema import Column, Signature, Task
from loopwright.data.coercion import convert
from loopwright.data.contract import columns as contract_columns
from loopwright.data.contract import expected_types
from loopwright.data.dataset import RESERVED_COLUMN, Dataset
from loopwright.data.versions import read
from loopwright.errors import MissingColumnError, NotFoundError, TargetError, UsageError
from loopwright.features.join import join_features
from loopwright.features.view import FeatureView
from loopwright.formats.training_set import TrainingSet
from loopwright.observations.labels import TABLE as LABELS
from loopwright.observations.labels import latest_labels
from loopwright.pipelines.step import TrainingSetHandle, source

MAX_CLASSES = 100
ALL_KNOWN: Micros = 2**62
"""History counts by event time alone: a file of last year's departures, landed today, was known last year."""


class TrainingSetSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration, as JSON: names and definitions only."""

    dataset: str
    label: str
    columns: tuple[str, ...]
    views: tuple[dict[str, Any], ...]
    order: tuple[str, ...]
    task: Task | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Names of every dataset that is read."""
        return tuple(dict.fromkeys((self.dataset, *(view["source"] for view in self.views))))


class Pins(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What fixes a training set's content.

    Attributes:
        versions: Dataset name → version digest.
        labels_known_at: The last instant a label was known.
        window: Which of the rows are in, and how much they weigh; all alike where None.
    """

    versions: dict[str, Digest]
    labels_known_at: Micros
    window: PinnedWindow | None = None


def training_set(
    dataset: Dataset, *, features: Sequence[FeatureView | str], label: str, task: Task | None = None
) -> TrainingSet:
    """Rows of `dataset` that have a label, with point-in-time features, for use inside a pipeline.

    Args:
        dataset: One row a thing to predict; its event time decides what features may know.
        features: Feature views, and names of the dataset's own columns. Nothing else reaches the model.
        label: The dataset's column to predict. Rows whose label is not known yet are left out.
        task: `binary`, `multiclass` or `regression`; guessed from the label's type if not given.

    Returns:
        A handle, typed as what it becomes when the pipeline runs; `.split(last="30d")` gives two.
    """
    views = [feature for feature in features if isinstance(feature, FeatureView)]
    columns = [feature for feature in features if isinstance(feature, str)]
    if label in columns:
        raise UsageError(
            f"the label {label!r} is listed among the features", why="a model that sees its label learns nothing else"
        )
    if views and not dataset.event_time:
        raise UsageError(
            f"dataset {dataset.name!r} needs event_time=", why="features are joined as of each row's event time"
        )
    order = [name for f in features for name in ([f] if isinstance(f, str) else f.features)]
    spec = TrainingSetSpec(
        dataset=dataset.name,
        label=label,
        columns=tuple(columns),
        views=tuple(view.to_json() for view in views),
        order=tuple(order),
        task=task,
    )
    handle = source("training_set", msgspec.to_builtins(spec), name=dataset.name, handle=TrainingSetHandle)
    return cast("TrainingSet", handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSets:
    """Binds the names in a spec to this workspace's datasets; what the pipeline calls to probe and to load.

    Attributes:
        workspace, datasets, endpoint: Where data and labels are.
        pinned: The pins to go by, for `reproduce`; the newest where None.
        window: Which rows are learned from, where the pins are the newest.
        waiting: By dataset, names what has not landed yet and will before a run: a plan then says that data changed.
        seen: Pins by spec, taken at the first look, so that rows and labels that come in while a run goes on wait for
            the next one.
    """

    workspace: Workspace
    datasets: Mapping[str, Dataset]
    endpoint: str
    pinned: Pins | None = None
    window: PinnedWindow | None = None
    waiting: Mapping[str, Digest] = field(default_factory=dict)
    seen: dict[Digest, Pins] = field(default_factory=dict)

    def pins(self, spec: TrainingSetSpec) -> Pins | None:
        """The versions that were newest at the first look; None where a dataset has not landed yet."""
        if self.pinned is not None:
            return self.pinned
        key = digest_value(spec)
        if key not in self.seen:
            newest = self._newest(spec)
            if newest is None:
                return None
            self.seen[key] = newest
        return self.seen[key]

    def _newest(self, spec: TrainingSetSpec) -> Pins | None:
        ledger, versions = self.workspace.stores.ledger, {}
        for name in spec.sources:
            version = ledger.ref(self.workspace.ref("dataset", name, "latest"))
            if version is None:
                return None
            versions[name] = version
        return Pins(versions=versions, labels_known_at=self._last_label(), window=self.window)

    def pins_of(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """The newest pins as JSON, for provenance; empty where a dataset has not landed yet."""
        pins = self.pins(msgspec.convert(spec, TrainingSetSpec))
        return {} if pins is None else dict(msgspec.to_builtins(pins))

    def probe(self, spec: Mapping[str, Any]) -> Digest | None:
        """The digest of the newest pins and of what the dataset declares, which the signature is made of."""
        wanted = msgspec.convert(spec, TrainingSetSpec)
        pins = self.pins(wanted)
        waiting = {name: self.waiting[name] for name in wanted.sources if name in self.waiting}
        if pins is None and not waiting:
            return None
        return digest_value([pins, waiting, _declared(self.datasets.get(wanted.dataset))])

    def load(self, spec: Mapping[str, Any]) -> TrainingSet:
        """Build the training set from the newest pins."""
        wanted = msgspec.convert(spec, TrainingSetSpec)
        pins = self.pins(wanted)
        if pins is None:
            raise NotFoundError(
                f"a dataset that {wanted.dataset!r} needs has not landed yet", fix="Run `loopwright run`."
            )
        return self.build(wanted, pins)

    def build(self, spec: TrainingSetSpec, pins: Pins) -> TrainingSet:
        """Build the training set that spec and pins describe.

        Raises:
            MissingColumnError: A column that the spec names is not in the dataset.
            TargetError: There are no labels, or only one class.
            UsageError: The pins have a window, and the dataset no event time.
        """
        dataset = self.datasets[spec.dataset]
        base = read(self.workspace.stores, dataset.name, version=pins.versions[dataset.name])
        _require(base, spec)
        labelled = self._with_labels(base, dataset, spec, known_at=pins.labels_known_at)
        labelled, weight = windowed(labelled, dataset.event_time, pins.window)
        views = [FeatureView.from_json(view) for view in spec.views]
        frames = {name: read(self.workspace.stores, name, version=version) for name, version in pins.versions.items()}
        if views:
            labelled = join_features(
                labelled,
                event_time=str(dataset.event_time),
                known=ALL_KNOWN,
                views=[(view, frames[view.source.name]) for view in views],
            )
        made = _assemble(labelled, dataset, spec, views=views)
        return made if weight is None else dataclasses.replace(made, weight=weight)

    def _last_label(self) -> Micros:
        rows = self.workspace.stores.tables.scan(LABELS, columns=["at", "endpoint"])
        ours = rows.filter(pl.col("endpoint") == self.endpoint)["at"] if rows.height else rows["at"]
        return int(ours.max() or 0) + 1 if len(ours) else 0  # type: ignore[arg-type]

    def _with_labels(
        self, base: pl.DataFrame, dataset: Dataset, spec: TrainingSetSpec, *, known_at: Micros
    ) -> pl.DataFrame:
        """The base rows with the latest known label: from the dataset's own column, or from feedback by key."""
        own = base.filter(pl.col(spec.label).is_not_null())
        if not dataset.key or known_at == 0:
            return own
        fed = latest_labels(self.workspace.stores.tables, self.endpoint, known_at=known_at - 1)
        fed = fed.filter(pl.col("key").is_not_null())
        if not fed.height:
            return own
        # By way of text: a label of true or 1 is the same answer, whichever the dataset has.
        value, _ = convert(fed["value"].cast(pl.String), base.schema[spec.label])
        key, _ = convert(fed["key"], base.schema[dataset.key])
        latest = fed.select("at", key=key, value=value).drop_nulls().group_by("key", maintain_order=True).last()
        told = base.select(key=dataset.key).join(latest, on="key", how="left", maintain_order="left")
        newer = told["value"].is_not_null() & (base[spec.label].is_null() | (told["at"] > base[RESERVED_COLUMN]))
        merged = told["value"].zip_with(newer.fill_null(value=False), base[spec.label])
        return base.with_columns(merged.alias(spec.label)).filter(pl.col(spec.label).is_not_null())


def _declared(dataset: Dataset | None) -> list[Any]:
    """What of a dataset's declaration reaches a signature: its key, its time, and its contract's rules."""
    if dataset is None:
        return []
    stated = pl.DataFrame(schema=expected_types(dataset.contract))
    return [dataset.key, dataset.event_time, contract_columns(dataset.contract, stated)]


def _require(base: pl.DataFrame, spec: TrainingSetSpec) -> None:
    for name in (spec.label, *spec.columns):
        if name not in base.columns:
            raise MissingColumnError(
                f"dataset {spec.dataset!r} has no column {name!r}",
                why=f"its columns are {', '.join(base.columns)}",
                fix="Correct the name in lw.training_set(...).",
            )


def _assemble(
    rows: pl.DataFrame, dataset: Dataset, spec: TrainingSetSpec, *, views: Sequence[FeatureView]
) -> TrainingSet:
    task, classes, label = encode_label(rows[spec.label], spec.task)
    contract = {
        column.name: column for column in contract_columns(dataset.contract, rows.select(_own(rows, spec, views)))
    }
    features, encoded = [], []
    for name in spec.order:
        column, series = _feature(name, rows[name], contract.get(name))
        features.append(column)
        encoded.append(series)
    entities = tuple(dict.fromkeys(entity for view in views for entity in view.entities))
    wanted = dict.fromkeys(
        [
            *([dataset.key] if dataset.key else []),
            *([dataset.event_time] if dataset.event_time else []),
            *entities,
            *spec.columns,
        ]
    )
    by_feature = {column.name: column for column in features}
    optional = {dataset.key, dataset.event_time}
    request = tuple(
        msgspec.structs.replace(by_feature.get(name, contract[name]), nullable=True)
        if name in optional
        else by_feature.get(name, contract[name])
        for name in wanted
    )
    signature = Signature(
        task=task,
        request=request,
        features=tuple(features),
        classes=classes,
        label=spec.label,
        entities=entities,
        event_time=dataset.event_time,
        key=dataset.key,
    )
    about = rows.select([name for name in rows.columns if name in contract and name != spec.label])
    return TrainingSet(features=pl.DataFrame(encoded), label=label, about=about, signature=signature)


def _own(rows: pl.DataFrame, spec: TrainingSetSpec, views: Sequence[FeatureView]) -> list[str]:
    joined = {name for view in views for name in view.features}
    return [name for name in rows.columns if name not in joined and name not in (spec.label, RESERVED_COLUMN)]


def _feature(name: str, values: pl.Series, contract: Column | None) -> tuple[Column, pl.Series]:
    """The model's column for one feature, and its numbers: categories become codes, everything else a float."""
    if values.dtype in (pl.String, pl.Categorical, pl.Enum):
        text = values.cast(pl.String)
        known = (
            contract.categories
            if contract and contract.categories
            else tuple(text.drop_nulls().unique().sort().to_list())
        )
        column = Column(
            name=name,
            kind="category",
            nullable=bool(contract and contract.nullable),
            categories=known,
            closed=bool(contract and contract.categories),
        )
        codes = text.replace_strict(list(known), list(range(len(known))), default=-1, return_dtype=pl.Int32).fill_null(
            -1
        )
        return column, codes.alias(name)
    if values.dtype.is_temporal() or values.dtype.is_nested():
        raise UsageError(
            f"column {name!r} is a {values.dtype} and cannot be a feature",
            why="the model's input is numeric",
            fix="Derive numbers from it in the data (hour of day, age in days), and list those.",
        )
    column = contract or Column(name=name, kind="float", nullable=True)
    return column, values.cast(pl.Float64).fill_null(float("nan")).alias(name)


def encode_label(values: pl.Series, task: Task | None) -> tuple[Task, tuple[str | int | bool, ...], np.ndarray]:
    """Task, classes in probability order, and the label (n_rows,): codes for a classification, values for a regression.

    Raises:
        TargetError: No row has a label, or all have the same class.
    """
    if values.len() == 0:
        raise TargetError(
            f"no row has a label in {values.name!r}", why="every value is missing, or the dataset is empty"
        )
    decided = task or _guess_task(values)
    if decided == "regression":
        return decided, (), _numbers(values)
    values = _whole(values)
    levels = values.unique().sort()
    if levels.len() < 2:
        raise TargetError(
            f"the target {values.name!r} has one class only: {levels[0]!r}", why="there is nothing to tell apart"
        )
    if levels.len() > MAX_CLASSES:
        raise TargetError(
            f"the target {values.name!r} has {levels.len()} classes", why=f"more than {MAX_CLASSES} are not supported"
        )
    if decided == "binary" and levels.len() != 2:
        raise TargetError(
            f"the target {values.name!r} has {levels.len()} classes, not two", fix="Declare task='multiclass'."
        )
    codes = values.replace_strict(levels, pl.Series(range(levels.len()), dtype=pl.Int64), return_dtype=pl.Int64)
    return decided, tuple(levels.to_list()), codes.to_numpy()


def _numbers(values: pl.Series) -> np.ndarray:
    if not values.dtype.is_numeric() and values.dtype != pl.Boolean:
        raise TargetError(
            f"the target {values.name!r} is {values.dtype}, which is no number",
            fix="Declare task='binary' or 'multiclass'.",
        )
    numbers = values.cast(pl.Float64).to_numpy()
    if not np.isfinite(numbers).all():
        raise TargetError(f"the target {values.name!r} is infinite in {int((~np.isfinite(numbers)).sum())} rows")
    return numbers


def _whole(values: pl.Series) -> pl.Series:
    """Classes that came as 0.0 and 1.0 are the whole numbers that they say."""
    if not values.dtype.is_float():
        return values
    if not bool((values == values.floor()).all()):
        raise TargetError(
            f"the target {values.name!r} has fractions, which cannot name classes", fix="Declare task='regression'."
        )
    return values.cast(pl.Int64)


def _guess_task(values: pl.Series) -> Task:
    if values.dtype == pl.Boolean:
        return "binary"
    if values.dtype in (pl.String, pl.Categorical, pl.Enum):
        return "binary" if values.n_unique() == 2 else "multiclass"
    if values.dtype.is_integer() and values.n_unique() == 2:
        return "binary"
    return "regression"
