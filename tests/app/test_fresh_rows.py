"""Labelled requests as evidence, and as rows that any version can be asked about."""

import numpy as np
import polars as pl

from loopwright.app.fresh_rows import fresh_rows
from loopwright.core.schema import Column, Signature

DAY = 86_400_000_000
SIGNATURE = Signature(
    task="binary",
    request=(Column(name="x", kind="float"), Column(name="carrier", kind="string", categories=("AA", "UA"))),
    features=(Column(name="x", kind="float"), Column(name="carrier", kind="category", categories=("AA", "UA"))),
    classes=(False, True),
)
REQUESTS = pl.DataFrame(
    {
        "request_id": ["a", "b", "c", "d"],
        "key": ["1", "2", "3", "4"],
        "event_time": [DAY, DAY + 1, 2 * DAY, 3 * DAY],
        "inputs": [{"x": 0.5, "carrier": "AA"}, {"x": 1.5, "carrier": "UA"}, {"x": 2.5, "carrier": "ZZ"}] * 1
        + [{"x": 3.5, "carrier": "AA"}],
        "score": [0.1, None, 0.3, 0.4],
    }
)


def labels(**values: bool | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "key": [key.removeprefix("k") for key in values],
            "request_id": pl.Series([None] * len(values), dtype=pl.String),
            "value": list(values.values()),
            "at": range(len(values)),
            "event_time": range(len(values)),
            "source": ["t"] * len(values),
        }
    )


def test_only_rows_with_a_label_and_a_score_are_evidence() -> None:
    found = fresh_rows(REQUESTS, labels(k1=True, k2=True, k3=False, k4=None), SIGNATURE)
    assert found is not None
    assert len(found) == 2
    assert found.scores.tolist() == [0.1, 0.3]
    assert found.evidence.label.tolist() == [True, False]
    assert found.evidence.blocks is not None
    assert found.evidence.blocks.tolist() == [1, 2]
    assert found.evidence.slices["carrier"].tolist() == ["AA", "ZZ"]
    assert found.rows.features["carrier"].to_list() == [0, -1]
    assert np.allclose(found.rows.features["x"].to_numpy(), [0.5, 2.5])


def test_without_labels_or_scores_there_is_nothing() -> None:
    assert fresh_rows(REQUESTS, labels(k9=True), SIGNATURE) is None
    assert fresh_rows(REQUESTS, labels(k2=True), SIGNATURE) is None
