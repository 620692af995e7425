"""Weekly verdicts of a drift tool on a stored year. Run by `real_drift.py` in the tool's own environment.

`python peers/real_drift.py evidently|nannyml FOLDER FEATURES CATEGORIES`: FOLDER has `reference.parquet` and
`later.parquet` with a column `week`. Prints a JSON object: rule → list of `[week, columns named]`.
"""

import json
import sys
import warnings

import pandas as pd

warnings.filterwarnings("ignore")


def evidently(reference, later, columns, categories):
    """`DataDriftPreset` with its defaults: a method by column type and size, half of the columns for the table."""
    from evidently import DataDefinition, Dataset, Report
    from evidently.presets import DataDriftPreset

    definition = DataDefinition(
        numerical_columns=[c for c in columns if c not in categories], categorical_columns=list(categories)
    )
    base = Dataset.from_pandas(reference[columns], data_definition=definition)
    anything, table = [], []
    for week, part in later.groupby("week"):
        current = Dataset.from_pandas(part[columns], data_definition=definition)
        metrics = Report([DataDriftPreset()]).run(current, base).dict()["metrics"]
        count = metrics[0]["value"]
        named = [m["config"]["column"] for m in metrics[1:] if drifted(m)]
        if count["count"] > 0:
            anything.append([int(week), named])
        if count["share"] >= 0.5:
            table.append([int(week), named])
    return {"Evidently: any column": anything, "Evidently: dataset": table}


def drifted(metric):
    """A p-value under its threshold, or a distance of at least it."""
    config, value = metric["config"], float(metric["value"])
    method = str(config.get("method", metric["metric_name"]))
    return value < config["threshold"] if "p_value" in method else value >= config["threshold"]


def nannyml(reference, later, columns, categories):
    """`UnivariateDriftCalculator` and `CBPE` with their defaults, one chunk a week of the reference's size."""
    from nannyml import CBPE, UnivariateDriftCalculator

    frames = []
    for frame in (reference, later):
        copy = frame.copy()
        for name in categories:
            copy[name] = copy[name].astype(int).astype(str).astype("category")
        frames.append(copy)
    one = UnivariateDriftCalculator(column_names=columns, timestamp_column_name="at", chunk_period="W").fit(frames[0])
    found = one.calculate(frames[1]).filter(period="analysis").to_df(multilevel=True)
    alerts = [column for column in found.columns if column[-1] == "alert"]
    starts = pd.to_datetime(found[("chunk", "chunk", "start_date")])
    said = {"NannyML: any column": [], "NannyML: CBPE, roc_auc": []}
    for start, (_, row) in zip(starts, found.iterrows(), strict=True):
        named = sorted({column[0] for column in alerts if bool(row[column])})
        if named:
            said["NannyML: any column"].append([day(start), named])
    cbpe = CBPE(problem_type="classification_binary", y_pred_proba="score", y_pred="said", y_true="label",
                timestamp_column_name="at", metrics=["roc_auc"], chunk_period="W")  # fmt: skip
    cbpe.fit(frames[0][frames[0]["score"].notna()])
    found = cbpe.estimate(frames[1].drop(columns="label")).filter(period="analysis").to_df()
    for start, alert in zip(found[("chunk", "start_date")], found[("roc_auc", "alert")], strict=True):
        if bool(alert):
            said["NannyML: CBPE, roc_auc"].append([day(start), []])
    return said


def day(instant):
    """Days since 1970."""
    return int(pd.Timestamp(instant).timestamp() // 86_400)


def main():
    tool, folder, columns, categories = sys.argv[1], sys.argv[2], sys.argv[3].split(","), sys.argv[4].split(",")
    reference, later = (pd.read_parquet(f"{folder}/{name}.parquet") for name in ("reference", "later"))
    print(json.dumps({"evidently": evidently, "nannyml": nannyml}[tool](reference, later, columns, categories)))


if __name__ == "__main__":
    main()
