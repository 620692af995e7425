"""The same loop, with a candidate whose own prediction code errs and hangs. The breaker should save every request."""

import time

import loopwright as lw
from lightgbm import LGBMClassifier
from loop import congestion, flights, loop as the_loop, sky, train

calls = 0


def predict(model: LGBMClassifier, columns: lw.Columns) -> lw.Columns:
    global calls
    calls += 1
    if calls % 3 == 0:
        raise RuntimeError("a table that this candidate looks up is gone")
    if calls % 3 == 1:
        time.sleep(60)
    return lw.predict(model, columns)


@lw.pipeline
def fit_faulty() -> lw.Candidate:
    rows = lw.training_set(flights, features=[congestion, sky, "carrier", "distance_mi", "hour"], label="arrived_late")
    recent, holdout = rows.split(last="31d")
    return lw.Candidate(train(recent, 0.05, 20), holdout, predict=predict)


loop = the_loop.with_pipeline(fit_faulty)
