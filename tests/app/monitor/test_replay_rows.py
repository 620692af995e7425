"""A labelled dataset as if its rows had been asked."""

from typing import Any

import polars as pl
import pytest

from loopwright.app.monitor.replay import AskedReplay, replay_monitors
from loopwright.app.monitor.replay_rows import named_features
from loopwright.core.schema import Column, Signature
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet

Project = Any


def test_codes_are_named_again() -> None:
    signature = Signature(
        task="regression",
        request=(),
        features=(Column(name="x", kind="float"), Column(name="c", kind="category", categories=("a", "b"))),
        label="y",
    )
    features = pl.DataFrame({"x": [1.0, 2.0, 3.0], "c": [1, -1, 0]})
    about = pl.DataFrame({"id": [1, 2, 3]})
    rows = TrainingSet(features=features, label=features["x"].to_numpy(), about=about, signature=signature)
    assert named_features(rows)["c"].to_list() == ["b", None, "a"]


def test_rows_without_a_time_cannot_be_replayed(replayed: Project) -> None:
    with pytest.raises(UsageError, match="cannot be replayed"):
        replay_monitors(replayed.workspace(), replayed.loaded(), AskedReplay(rows=True))
