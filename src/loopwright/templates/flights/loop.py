"""Will this flight arrive more than 15 minutes late?"""

import pandera.polars as pa
import polars as pl
from lightgbm import LGBMClassifier

import loopwright as lw


class Flight(pa.DataFrameModel):
    flight_id: str
    scheduled_at: pl.Datetime
    origin: str = pa.Field(isin=["EWR", "JFK", "LGA"])
    carrier: str
    distance_mi: int = pa.Field(gt=0, lt=6000)
    hour: int = pa.Field(ge=0, le=23)
    arrived_late: bool = pa.Field(nullable=True)  # known only after landing


flights = lw.Dataset(
    "flights", source="data/flights/*.parquet", contract=Flight, key="flight_id", event_time="scheduled_at"
)
departures = lw.Dataset("departures", source="data/departures/*.parquet", event_time="departed_at")
weather = lw.Dataset("weather", source="data/weather/*.parquet", event_time="observed_at")

congestion = lw.FeatureView(
    "congestion",
    source=departures,
    entity="origin",
    features={
        "departure_delay_mean_1h": lw.mean("departure_delay_min", over="1h"),
        "departure_delay_mean_24h": lw.mean("departure_delay_min", over="24h"),
        "departures_1h": lw.count(over="1h"),
    },
)
sky = lw.FeatureView(
    "sky",
    source=weather,
    entity="origin",
    features={
        "wind_speed_kt": lw.last("wind_speed_kt", within="3h"),
        "visibility_mi": lw.last("visibility_mi", within="3h"),
    },
)


@lw.step
def train(rows: lw.TrainingSet, learning_rate: float, trees: int) -> LGBMClassifier:
    model = LGBMClassifier(n_estimators=trees, learning_rate=learning_rate, verbose=-1, n_jobs=1, deterministic=True)
    return model.fit(rows.features, rows.label)


@lw.pipeline
def fit(learning_rate: float = 0.05, trees: int = 200) -> lw.Candidate:
    rows = lw.training_set(flights, features=[congestion, sky, "carrier", "distance_mi", "hour"], label="arrived_late")
    recent, holdout = rows.split(last="31d")
    return lw.Candidate(train(recent, learning_rate, trees), holdout)


loop = lw.Loop(
    "flight-delay",
    pipeline=fit,
    gate=[
        lw.at_least("roc_auc", 0.62),
        lw.not_worse_than_champion("roc_auc", margin=0.005),
        lw.every_slice("roc_auc", by="carrier", at_least=0.55, min_rows=300),
        lw.fair("equal_opportunity", by="origin", within=0.15),
    ],
    release=lw.Canary(steps=[5, 25, 50, 100], min_requests=500),
    monitor=[lw.drift(), lw.performance("roc_auc", loss_at_most=0.03, min_labels=5_000)],
    retrain=[lw.on_alert(cooldown="14d")],
)
