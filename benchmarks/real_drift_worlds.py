"""The two real, time-ordered sets of `real_drift.py`: a model of the first months, and the rest of its year."""

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import polars as pl
from performance_estimate import FLIGHTS, columns, flights, matrix, tables

from loopwright.core.schema import Column, Signature
from loopwright.monitoring.estimate import Estimation, fit_classification
from loopwright.monitoring.joined import LabelledRequests
from loopwright.monitoring.reference import DAY, LABEL, PREDICTION, Reference, build_reference
from loopwright.stats.arrays import AnyArray, Floats
from loopwright.stats.quality import METRICS

WEATHER = ["temp", "dewp", "humid", "pressure", "wind_speed", "wind_dir", "visib", "precip", "hour", "origin"]
METRIC = "roc_auc"
CLASSES = (False, True)


@dataclass(frozen=True, kw_only=True)
class World:
    """A year of requests with what became of them, in order of time.

    `rows` has `at`, `score`, `label` and the features as numbers; the model learned from the rows before `trained`,
    the rows up to `watched` are its holdout, and all of these are its reference.
    """

    name: str
    title: str
    rows: pl.DataFrame
    features: list[str]
    categories: tuple[str, ...]
    trained: int
    watched: int
    loss_at_most: float
    min_labels: int
    rows_window: str

    @property
    def days(self) -> AnyArray:
        """(n,) the day of each row, since 1970."""
        return self.times // DAY

    @property
    def times(self) -> AnyArray:
        """(n,) microseconds UTC."""
        return self.rows["at"].cast(pl.Datetime("us")).dt.epoch("us").to_numpy()

    @property
    def signature(self) -> Signature:
        held = tuple(
            Column(name=name, kind="category", categories=tuple(str(i) for i in range(self._levels(name))))
            if name in self.categories
            else Column(name=name, kind="float")
            for name in self.features
        )
        return Signature(task="binary", request=(), features=held, classes=CLASSES)

    def _levels(self, name: str) -> int:
        return int(self.rows[name].max()) + 1

    def part(self, first: int, end: int) -> "World":
        """Only the days from `first` on and before `end`."""
        days = self.days
        kept = pl.Series((days >= first) & (days < end))
        return World(**(self.__dict__ | {"rows": self.rows.filter(kept)}))

    def table(self) -> dict[str, Floats]:
        """What a window counts, by column; the label last."""
        answers = {PREDICTION: self.rows["score"].to_numpy(), LABEL: self.rows["label"].cast(pl.Float64).to_numpy()}
        return columns(self.rows, self.features) | answers

    def requests(self) -> LabelledRequests:
        """Every request with its label."""
        n = self.rows.height
        return LabelledRequests(
            event_time=self.times,
            score=self.rows["score"].to_numpy(),
            labelled=np.ones(n, dtype=bool),
            label=self.rows["label"].to_numpy(),
        )

    def promised(self) -> float:
        """The metric on the holdout, which the gate saw."""
        held = self.part(self.trained, self.watched).rows
        return METRICS[METRIC].function(held["label"].to_numpy(), held["score"].to_numpy(), CLASSES)

    def reference(self, *, honest: bool = True) -> Reference:
        """Of the days before `watched`; `honest` leaves out the answers on rows that the model learned from."""
        known = self.part(0, self.watched)
        scores = known.rows["score"].to_numpy().copy()
        if honest:
            scores[known.days < self.trained] = np.nan
        return build_reference(
            known.rows.select(self.features),
            scores,
            known.rows["label"].to_numpy(),
            event_time=known.times,
            signature=self.signature,
            quality={METRIC: self.promised()} if honest else {},
        )

    def estimation(self) -> Estimation:
        """What estimates rest on: the holdout."""
        held = self.part(self.trained, self.watched)
        return fit_classification(
            held.rows["score"].to_numpy(),
            held.rows["label"].to_numpy(),
            features=columns(held.rows, self.features),
            signature=self.signature,
            blocks=held.days,
        )


def worlds() -> tuple[World, World]:
    """Flights of 2013, and the weather at their airports."""
    made, raw = tables()
    return flight_world(flights(made)), weather_world(raw)


def flight_world(rows: pl.DataFrame) -> World:
    return World(
        name="flights",
        title="Flights of 2013: more than 15 minutes late?",
        rows=numbered(rows, FLIGHTS),
        features=FLIGHTS,
        categories=("carrier",),
        trained=day_of(3, 1),
        watched=day_of(4, 1),
        loss_at_most=0.03,
        min_labels=5_000,
        rows_window="1000 rows in 3d",
    )


def weather_world(raw: pl.DataFrame) -> World:
    """Will the visibility be under ten miles at this airport in three hours? By the hour, at three airports."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    at = pl.col("time_hour").str.to_datetime(time_zone="UTC").dt.replace_time_zone(None)
    numbers = [pl.col(name).cast(pl.Float64) for name in WEATHER if name != "origin"]
    rows = raw.select(pl.col("origin"), at.alias("at"), *numbers).unique(["origin", "at"]).sort("origin", "at")
    later = rows.select("origin", pl.col("at") - pl.duration(hours=3), label=pl.col("visib") < 10)
    rows = rows.join(later, on=["origin", "at"]).sort("at", "origin")
    airports = rows["origin"].unique().sort().to_list()
    rows = rows.with_columns(pl.col("origin").replace_strict(airports, range(len(airports)), return_dtype=pl.Float64))
    early = rows.filter(pl.col("at") < datetime(2013, 4, 1))  # noqa: DTZ001 - the data are in UTC, without a zone
    model = HistGradientBoostingClassifier(random_state=0, max_iter=60, learning_rate=0.05, max_leaf_nodes=8)
    model.fit(matrix(early, WEATHER), early["label"].to_numpy())
    score = model.predict_proba(matrix(rows, WEATHER))[:, 1]
    return World(
        name="weather",
        title="Weather of 2013: under 10 miles to see in three hours?",
        rows=numbered(rows.with_columns(score=pl.Series(score)), WEATHER),
        features=WEATHER,
        categories=("origin",),
        trained=day_of(4, 1),
        watched=day_of(5, 1),
        loss_at_most=0.03,
        min_labels=1_000,
        rows_window="200 rows in 1d",
    )


def numbered(rows: pl.DataFrame, features: list[str]) -> pl.DataFrame:
    """The rows in order, with what is needed, as numbers; a label that is unknown has been left out before."""
    asked = [pl.col(name).cast(pl.Float64).fill_null(float("nan")) for name in features]
    return rows.sort("at", maintain_order=True).select("at", "score", pl.col("label").cast(pl.Boolean), *asked)


def day_of(month: int, day: int) -> int:
    """A day of 2013, since 1970."""
    return int(datetime(2013, month, day, tzinfo=UTC).timestamp()) // 86_400


def shuffled(world: World, rng: np.random.Generator) -> World:
    """The same year with its weeks in another order, so that nothing changes in the mean, and weeks stay whole."""
    days = world.days
    first = int(days.min())
    weeks = (days - first) // 7
    kept = weeks < (int(days.max()) + 1 - first) // 7
    order = rng.permutation(int(weeks[kept].max()) + 1)
    moved = (order[weeks[kept]] - weeks[kept]) * 7
    rows = world.rows.filter(pl.Series(kept)).with_columns(
        at=pl.col("at").cast(pl.Datetime("us")) + pl.duration(days=pl.Series(moved))
    )
    return World(**(world.__dict__ | {"rows": rows.sort("at", maintain_order=True)}))
