"""The same loop, with a candidate that learned from shuffled labels. The gate should say no."""

import numpy as np
from lightgbm import LGBMClassifier
from loop import congestion, flights, sky
from loop import loop as the_loop

import loopwright as lw


@lw.step
def train_on_noise(rows: lw.TrainingSet) -> LGBMClassifier:
    shuffled = np.random.default_rng(0).permutation(rows.label)
    return LGBMClassifier(n_estimators=50, verbose=-1, n_jobs=1, deterministic=True).fit(rows.features, shuffled)


@lw.pipeline
def fit_on_noise() -> lw.Candidate:
    rows = lw.training_set(flights, features=[congestion, sky, "carrier", "distance_mi", "hour"], label="arrived_late")
    recent, holdout = rows.split(last="31d")
    return lw.Candidate(train_on_noise(recent), holdout)


loop = the_loop.with_pipeline(fit_on_noise)
