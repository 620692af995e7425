"""The same loop, with a candidate whose own prediction code errs and hangs. The breaker should save every request."""

import time

from lightgbm import LGBMClassifier
from loop import congestion, flights, sky, train
from loop import loop as the_loop

import loopwright as lw

LOADED_AT = time.monotonic()


def predict(model: LGBMClassifier, columns: lw.Columns) -> lw.Columns:
    # What it looks up goes stale after a moment: its own example is answered, and callers are not.
    stale = len(columns["hour"]) > 1 or time.monotonic() - LOADED_AT > 3
    if stale and (columns["distance_mi"] > 2400).any():
        raise LookupError("no fuel price for flights this long")
    if stale and (columns["hour"] == 17).any():
        time.sleep(60)  # waits for a lock that nobody gives back
    return lw.predict(model, columns)


@lw.pipeline
def fit_faulty() -> lw.Candidate:
    rows = lw.training_set(flights, features=[congestion, sky, "carrier", "distance_mi", "hour"], label="arrived_late")
    recent, holdout = rows.split(last="31d")
    return lw.Candidate(train(recent, 0.05, 20), holdout, predict=predict)


loop = the_loop.with_pipeline(fit_faulty)
