"""Is this sample malignant? The smallest whole loop: a table, a model, a gate, a release."""

from sklearn.ensemble import HistGradientBoostingClassifier

import loopwright as lw

samples = lw.Dataset("samples", source="data/*.csv", key="sample")
FEATURES = ["mean_radius", "mean_texture", "mean_smoothness", "mean_concavity", "worst_radius", "worst_concavity"]


@lw.step(threads=1)  # more threads cost more than they bring on a table this small
def train(rows: lw.TrainingSet, learning_rate: float, trees: int) -> HistGradientBoostingClassifier:
    return HistGradientBoostingClassifier(learning_rate=learning_rate, max_iter=trees, random_state=0).fit(
        rows.features, rows.label
    )


@lw.pipeline
def fit(learning_rate: float = 0.1, trees: int = 100) -> lw.Candidate:
    rows = lw.training_set(samples, features=FEATURES, label="malignant")
    known, holdout = rows.split(fraction=0.3)
    return lw.Candidate(train(known, learning_rate, trees), holdout)


loop = lw.Loop(
    "malignancy",
    pipeline=fit,
    gate=[lw.at_least("roc_auc", 0.9), lw.not_worse_than_champion("roc_auc", margin=0.02)],
    release=lw.Canary(steps=[10, 50, 100], min_requests=50),
    monitor=[lw.drift()],
)
