"""Direct calls of models beside their libraries' own, one and 64 rows at a time, in one run.

`python benchmarks/native_predict.py` prints a row a model: microseconds of the library's own call (what a user writes:
`predict_proba` or `predict` on a NumPy matrix, one thread where it can be set), of the direct call, their ratio, and
whether all results were equal bit for bit. Medians of rounds that alternate between the two.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.matrix_call import score_of

FEATURES, ROWS = 20, 4_000
SIZES = (1, 64)


def data(seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows, a number and a class of three to learn from them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, FEATURES))
    value = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * rng.normal(size=ROWS)
    return x, value, np.digitize(value, [-0.5, 0.5])


def models() -> dict[str, tuple[Any, Callable[[np.ndarray], Any]]]:
    """Name → the trained model, and the library's own call."""
    from lightgbm import LGBMClassifier, LGBMRegressor
    from sklearn.ensemble import (
        GradientBoostingClassifier,
        HistGradientBoostingClassifier,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.linear_model import LogisticRegression, Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier
    from xgboost import XGBClassifier, XGBRegressor

    x, value, three = data()
    two = value > 0
    boosted = {"n_estimators": 100, "num_leaves": 31, "verbose": -1, "num_threads": 1}
    extreme = {"n_estimators": 100, "max_leaves": 31, "max_depth": 0, "grow_policy": "lossguide", "n_jobs": 1}
    fitted = {
        "LightGBM, 100 trees, two classes": LGBMClassifier(**boosted).fit(x, two),
        "LightGBM, 100 trees, three classes": LGBMClassifier(**boosted).fit(x, three),
        "LightGBM, 100 trees, a number": LGBMRegressor(**boosted).fit(x, value),
        "XGBoost, 100 trees, two classes": XGBClassifier(**extreme).fit(x, two),
        "XGBoost, 100 trees, a number": XGBRegressor(**extreme).fit(x, value),
        "logistic regression": LogisticRegression().fit(x, two),
        "logistic regression, three classes": LogisticRegression().fit(x, three),
        "scaler, logistic regression": make_pipeline(StandardScaler(), LogisticRegression()).fit(x, two),
        "ridge regression": Ridge().fit(x, value),
        "decision tree": DecisionTreeClassifier(max_depth=8).fit(x, two),
        "random forest, 100 trees": RandomForestClassifier(100, max_leaf_nodes=31).fit(x, two),
        "random forest, 100 trees, a number": RandomForestRegressor(100, max_leaf_nodes=31).fit(x, value),
        "gradient boosting, 100 trees": GradientBoostingClassifier(max_leaf_nodes=31).fit(x, two),
        "histogram boosting, 100 trees": HistGradientBoostingClassifier(early_stopping=False).fit(x, two),
    }
    made = {name: (model, getattr(model, "predict_proba", model.predict)) for name, model in fitted.items()}
    return made | {"ONNX of the logistic regression": _onnx(fitted["logistic regression"])}


def _onnx(model: Any) -> tuple[Any, Callable[[np.ndarray], Any]]:
    from onnxruntime import InferenceSession
    from skl2onnx import to_onnx

    made = to_onnx(model, np.zeros((1, FEATURES), dtype=np.float32), options={"zipmap": False})
    session = InferenceSession(made.SerializeToString())
    return made, lambda rows: session.run(None, {"X": rows.astype(np.float32)})[1]


def measured(calls: list[Callable[[], Any]], *, rounds: int, seconds: float) -> list[float]:
    """Microseconds of each call: medians over rounds that take turns."""
    times: list[list[float]] = [[] for _ in calls]
    for _ in range(rounds):
        for index, call in enumerate(calls):
            done, start = 0, time.perf_counter()
            while (spent := time.perf_counter() - start) < seconds / rounds:
                call()
                done += 1
            times[index].append(spent / done * 1e6)
    return [statistics.median(one) for one in times]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.5, help="time spent on one call")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    x, _, _ = data(seed=1)
    print(f"{'model':38}{'rows':>5}{'library us':>12}{'direct us':>11}{'ratio':>7}  results")
    for name, (model, own) in models().items():
        direct = native_call(model, threads=1)
        if direct is None:
            print(f"{name:38} has no direct call")
            continue
        for size in SIZES:
            rows = np.ascontiguousarray(x[:size])
            same = np.array_equal(direct(rows), score_of(own(rows)).reshape(direct(rows).shape))
            mine, theirs = measured(
                [lambda d=direct, r=rows: d(r), lambda o=own, r=rows: o(r)], rounds=5, seconds=given.seconds
            )
            print(
                f"{name:38}{size:5}{theirs:12.1f}{mine:11.1f}{theirs / mine:7.1f}  {'equal' if same else 'DIFFERENT'}"
            )


if __name__ == "__main__":
    main()
