"""Performance estimated without labels, beside NannyML's CBPE and DLE on the same rows, with the labels in the end.

    python benchmarks/performance_estimate.py [--peer benchmarks/.peers/nannyml]

Two years that really happened, in order of time. Flights of 2013: is a flight more than 15 minutes late (LightGBM on
January and February, holdout March, months April to December). Weather of New York in 2013: the temperature a day ahead
from the hour's weather (gradient boosting on January to May, holdout June, months July to December). The peer runs in
an environment of its own; it is made where it is absent (`uv venv`, `nannyml==0.13.*`), and left out where that fails.
"""

import argparse
import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from loopwright.core.schema import Column, Signature
from loopwright.features.join import join_features
from loopwright.features.view import FeatureView, SourceName, count, last, mean
from loopwright.monitoring.estimate import (
    estimate_classification,
    estimate_regression,
    fit_classification,
    fit_regression,
    foretold_losses,
    outside,
)
from loopwright.stats.quality import METRICS

HERE = Path(__file__).parent
FLIGHTS = ["delay_1h", "delay_24h", "departures_1h", "wind", "visibility", "carrier", "distance_mi", "hour"]
WEATHER = ["temp", "dewp", "humid", "pressure", "wind_speed", "visib", "precip", "hour", "day_before"]
BINARY, REGRESSION = ("roc_auc", "f1", "accuracy"), ("mae", "rmse")
PEER = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import pandas as pd, nannyml as nml
folder, kind, metrics, features = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4].split(",")
reference, analysis = pd.read_parquet(folder + "/reference.parquet"), pd.read_parquet(folder + "/analysis.parquet")
start = time.process_time()
if kind == "binary":
    one = nml.CBPE(problem_type="classification_binary", y_pred_proba="score", y_pred="said", y_true="label",
                   timestamp_column_name="at", metrics=metrics, chunk_period="M")
else:
    one = nml.DLE(feature_column_names=features, y_pred="score", y_true="label", timestamp_column_name="at",
                  metrics=metrics, chunk_period="M")
one.fit(reference)
fitted = time.process_time()
found = one.estimate(analysis).filter(period="analysis").to_df()
done = time.process_time()
print(json.dumps({"fit": fitted - start, "estimate": done - fitted, "values": {
    m: {str(key)[:7]: float(v) for key, v in zip(found[("chunk", "key")], found[(m, "value")])} for m in metrics}}))
"""


def tables() -> tuple[dict[str, pl.DataFrame], pl.DataFrame]:
    """The flights template's own tables, and the hourly weather."""
    path = HERE.parent / "src/loopwright/templates/flights/get_data.py"
    spec = importlib.util.spec_from_file_location("get_data", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.prepare(), module.raw_tables()[1]


def flights(made: dict[str, pl.DataFrame]) -> pl.DataFrame:
    from lightgbm import LGBMClassifier

    known = made["labels"].select("flight_id", label="arrived_late")
    base = made["flights"].drop("arrived_late").join(known, on="flight_id").unique("flight_id", maintain_order=True)
    departures = made["departures"].with_columns(_known_at=pl.col("departed_at").dt.epoch("us"))
    sky = made["weather"].with_columns(_known_at=pl.col("observed_at").dt.epoch("us"))
    delay = {"delay_1h": mean("departure_delay_min", over="1h"), "delay_24h": mean("departure_delay_min", over="24h")}
    views = [
        (FeatureView("c", source=SourceName(name="d", event_time="departed_at"), entity="origin",
                     features={**delay, "departures_1h": count(over="1h")}), departures),
        (FeatureView("s", source=SourceName(name="w", event_time="observed_at"), entity="origin",
                     features={"wind": last("wind_speed_kt", within="3h"),
                               "visibility": last("visibility_mi", within="3h")}), sky),
    ]  # fmt: skip
    rows = join_features(base, views, event_time="scheduled_at").sort("scheduled_at").rename({"scheduled_at": "at"})
    codes = rows["carrier"].unique().sort().to_list()
    rows = rows.with_columns(pl.col("carrier").replace_strict(codes, range(len(codes)), return_dtype=pl.Float64))
    early = rows.filter(pl.col("at") < datetime(2013, 3, 1))  # noqa: DTZ001 - the data are in UTC, without a zone
    model = LGBMClassifier(n_estimators=200, learning_rate=0.05, verbose=-1, n_jobs=1)
    model.fit(matrix(early, FLIGHTS), early["label"].to_numpy())
    score = model.predict_proba(matrix(rows, FLIGHTS))[:, 1]
    return rows.with_columns(score=pl.Series(score), said=pl.Series((score > 0.5).astype(int)))


def weather(raw: pl.DataFrame) -> pl.DataFrame:
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = raw.with_columns(at=pl.col("time_hour").str.to_datetime(time_zone="UTC").dt.replace_time_zone(None))
    numbers = [pl.col(name).cast(pl.Float64) for name in WEATHER if name != "day_before"]
    rows = rows.select("origin", "at", *numbers).unique(["origin", "at"]).sort("origin", "at")
    of = {hours: rows.select("origin", pl.col("at") + pl.duration(hours=-hours), pl.col("temp").alias(name))
          for hours, name in ((24, "label"), (-24, "day_before"))}  # fmt: skip
    rows = rows.join(of[24], on=["origin", "at"]).join(of[-24], on=["origin", "at"])
    rows = rows.filter(pl.col("label").is_not_null()).sort("at")
    early = rows.filter(pl.col("at") < datetime(2013, 6, 1))  # noqa: DTZ001 - the data are in UTC, without a zone
    model = HistGradientBoostingRegressor(random_state=0, max_iter=200, learning_rate=0.05)
    model.fit(matrix(early, WEATHER), early["label"].to_numpy())
    return rows.with_columns(score=pl.Series(model.predict(matrix(rows, WEATHER))))


def matrix(rows: pl.DataFrame, names: list[str]) -> np.ndarray:
    return rows.select(pl.col(names).cast(pl.Float64).fill_null(float("nan"))).to_numpy()


def columns(rows: pl.DataFrame, names: list[str]) -> dict[str, np.ndarray]:
    return dict(zip(names, matrix(rows, names).T, strict=True))


def days(rows: pl.DataFrame) -> np.ndarray:
    return (rows["at"].cast(pl.Datetime("us")).dt.epoch("us") // 86_400_000_000).to_numpy()


def ours(rows: pl.DataFrame, names: list[str], *, holdout: int, metrics: tuple[str, ...]) -> dict[str, object]:
    """Each month's estimate, its interval and the truth; seconds of one core."""
    binary = "said" in rows.columns
    cols = tuple(Column(name=name, kind="float", categories=("-",) if name == "carrier" else None) for name in names)
    signature = Signature(task="binary" if binary else "regression", request=(), features=cols,
                          classes=(False, True) if binary else ())  # fmt: skip
    held = rows.filter(pl.col("at").dt.month() == holdout)
    asked = {"features": columns(held, names), "signature": signature, "blocks": days(held)}
    start = time.process_time()
    fit = fit_classification if binary else fit_regression
    fitted = fit(held["score"].to_numpy(), held["label"].to_numpy(), **asked)  # type: ignore[operator]
    about, models = (fitted, {}) if binary else fitted
    spent, found = [time.process_time() - start, 0.0], {}
    for (month,), part in rows.filter(pl.col("at").dt.month() > holdout).group_by(
        pl.col("at").dt.strftime("%Y-%m"), maintain_order=True
    ):
        score, label = part["score"].to_numpy(), part["label"].to_numpy()
        features = columns(part, names)
        start = time.process_time()
        losses = foretold_losses(models, score, features=features, signature=signature)
        n_days = int(np.unique(days(part)).size)
        made = {}
        for metric in metrics:
            if binary:
                rng = np.random.default_rng(0)
                made[metric] = estimate_classification(about, metric, score, days=n_days, level=0.95, rng=rng)
            else:
                total = float(losses["absolute" if metric == "mae" else "squared"].sum())
                made[metric] = estimate_regression(about, metric, total=total, n=score.size, days=n_days, level=0.95)
        spent[1] += time.process_time() - start
        real = {m: METRICS[m].function(label, score, signature.classes) for m in metrics}
        found[str(month)] = {m: (made[m], real[m]) for m in metrics} | {
            "outside": float(outside(about, features).mean())
        }
    return {"seconds": spent, "months": found}


def peer(python: Path, rows: pl.DataFrame, names: list[str], *, holdout: int, metrics: tuple[str, ...]) -> dict | None:
    with tempfile.TemporaryDirectory() as folder:
        month = pl.col("at").dt.month()
        kept = rows.select(
            "at", "score", pl.col("label").cast(pl.Float64), *names, *(["said"] if "said" in rows.columns else [])
        )
        kept = kept.with_columns(pl.col("at").dt.cast_time_unit("ns"))
        kept.filter(month == holdout).write_parquet(f"{folder}/reference.parquet")
        kept.filter(month > holdout).drop("label").write_parquet(f"{folder}/analysis.parquet")
        kind = "binary" if "said" in rows.columns else "regression"
        command = [str(python), "-c", PEER, folder, kind, ",".join(metrics), ",".join(names)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"the peer failed: {done.stderr.strip().splitlines()[-1] if done.stderr else '?'}")
        return None
    return json.loads(done.stdout.strip().splitlines()[-1])


def interpreter(folder: Path) -> Path | None:
    """The peer's Python; made where it is absent."""
    python = folder / "bin/python"
    if not python.exists():
        steps = (["uv", "venv", "-q", "--python", "3.11", str(folder)],
                 ["uv", "pip", "install", "-q", "--python", str(python), "nannyml==0.13.*"])  # fmt: skip
        if any(subprocess.run(step, check=False).returncode for step in steps):
            return None
    return python


def show(title: str, mine: dict, theirs: dict | None, metrics: tuple[str, ...]) -> None:
    months = mine["months"]
    for metric in metrics:
        print(
            f"\n### {title}: {metric}\n\n| month | truth | Loopwright | 95 % interval | NannyML | unlike the holdout |"
        )
        print("|---|---|---|---|---|---|")
        for month, found in months.items():
            made, real = found[metric]
            other = f"{theirs['values'][metric].get(month, float('nan')):.4f}" if theirs else "not run"
            print(f"| {month} | {real:.4f} | {made.value:.4f} | {made.low:.4f} to {made.high:.4f} | {other} "
                  f"| {found['outside']:.1%} |")  # fmt: skip
        off = np.mean([abs(found[metric][0].value - found[metric][1]) for found in months.values()])
        held = sum(found[metric][0].low <= found[metric][1] <= found[metric][0].high for found in months.values())
        stays = np.mean([abs(next(iter(months.values()))[metric][1] - found[metric][1]) for found in months.values()])
        line = f"Mean absolute error: {off:.4f}; intervals held {held} of {len(months)}"
        if theirs:
            peer_off = np.mean([abs(theirs["values"][metric][m] - found[metric][1]) for m, found in months.items()])
            line += f"; NannyML {peer_off:.4f} (ratio {off / peer_off:.2f})"
        print(f"\n{line}; spread of the truth about its first month {stays:.4f}.")
    fit, estimate = mine["seconds"]
    line = f"\nSeconds of one core: fit {fit:.1f}, estimate {estimate:.2f}"
    print(line + (f"; NannyML fit {theirs['fit']:.1f}, estimate {theirs['estimate']:.2f}" if theirs else ""))


def concept() -> None:
    """The same requests, whose meaning has turned: no estimate without labels can see it."""
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 1.5, 40_000)
    score = 1 / (1 + np.exp(-odds))
    label = rng.random(odds.size) < score
    signature = Signature(task="binary", request=(), features=(Column(name="x", kind="float"),), classes=(False, True))
    half = slice(0, 20_000)
    about = fit_classification(score[half], label[half], features={"x": odds[half]}, signature=signature,
                               blocks=np.arange(20_000) // 700)  # fmt: skip
    later = score[20_000:]
    made = estimate_classification(about, "roc_auc", later, days=28, level=0.95, rng=rng)
    print("\n### The same inputs, another meaning\n\n| the later requests' labels | truth | estimate |\n|---|---|---|")
    for name, truth in (("as before", label[20_000:]), ("turned for half of them",
                        label[20_000:] ^ (rng.random(20_000) < 0.5))):  # fmt: skip
        real = METRICS["roc_auc"].function(truth, later, (False, True))
        print(f"| {name} | {real:.3f} | {made.value:.3f} [{made.low:.3f}, {made.high:.3f}] |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", type=Path, default=HERE / ".peers/nannyml")
    args = parser.parse_args()
    python = interpreter(args.peer)
    made, raw = tables()
    for title, rows, names, holdout, metrics in (
        ("flights 2013", flights(made), FLIGHTS, 3, BINARY),
        ("weather 2013, temperature (°F) a day ahead", weather(raw), WEATHER, 6, REGRESSION),
    ):
        mine = ours(rows, names, holdout=holdout, metrics=metrics)
        theirs = peer(python, rows, names, holdout=holdout, metrics=metrics) if python else None
        show(title, mine, theirs, metrics)
    concept()


if __name__ == "__main__":
    sys.exit(main())
