"""Tables of rows to try measures on: one world for each, and what may happen to it."""

import numpy as np
import polars as pl

from loopwright.monitoring.text_tokens import token_table

TOPICS = {
    "travel": ["flight", "delay", "gate", "luggage", "crew", "seat", "boarding", "airport", "ticket", "storm"],
    "kitchen": ["oven", "butter", "flour", "recipe", "sugar", "pan", "dough", "bake", "salt", "yeast"],
}
COMMON = ["the", "a", "of", "and", "to", "in", "we", "it", "is", "was", "for", "on", "with", "that", "as", "at"]


def correlated(seed, n, *, correlation=0.6, shift=0.0, columns=6):
    """Numeric rows, the first two correlated."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, columns))
    rows[:, 1] = correlation * rows[:, 0] + np.sqrt(1 - correlation**2) * rows[:, 1]
    rows[:, 2] += shift
    return pl.DataFrame(rows, schema=[f"x{place}" for place in range(columns)])


def texts(seed, n, *, kitchen=0.0):
    """Texts of one topic, a share of them of another."""
    rng = np.random.default_rng(seed)
    found = []
    for other in rng.random(n) < kitchen:
        topic = TOPICS["kitchen" if other else "travel"]
        words = [*rng.choice(COMMON, 12), *rng.choice(topic, 5)]
        found.append(" ".join(rng.permutation(words)))
    return found


def sureness(seed, n, *, moved=0.0):
    """How sure answers are."""
    rng = np.random.default_rng(seed)
    return pl.DataFrame({"(confidence)": np.clip(rng.normal(0.8 - moved, 0.1, n), 0.5, 1.0)})


def worlds(kind):
    """What makes rows of a measure's kind: `(seed, n, changed) -> table`."""
    if kind == "text":
        return lambda seed, n, changed=False: token_table(texts(seed, n, kitchen=0.5 if changed else 0.0), "words")
    if kind == "values":
        return lambda seed, n, changed=False: sureness(seed, n, moved=0.08 if changed else 0.0)
    return lambda seed, n, changed=False: correlated(seed, n, correlation=-0.6 if changed else 0.6)
