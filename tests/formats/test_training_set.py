"""Training sets keep features, label and the rest apart, split as asked, and come back from the store."""

import datetime as dt
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.schema import Column, Signature
from loopwright.errors import DataRefusedError, LoopwrightError, MissingColumnError, UnsupportedValueError, UsageError
from loopwright.formats.training_set import TrainingSet, split_training_set
from loopwright.formats.value import get_value, put_value
from loopwright.store.backends.memory_blobs import MemoryBlobs

SIGNATURE = Signature(
    task="binary",
    request=(Column(name="x", kind="float"), Column(name="carrier", kind="category", categories=("AA", "UA"))),
    features=(Column(name="x", kind="float"), Column(name="carrier", kind="category", categories=("AA", "UA"))),
    classes=(False, True),
    label="late",
    event_time="at",
    key="id",
)
START = dt.datetime(2013, 1, 1)


def rows(n: int = 40, **changes: Any) -> TrainingSet:
    parts: dict[str, Any] = {
        "features": pl.DataFrame(
            {"x": np.arange(n, dtype=float), "carrier": pl.Series(np.arange(n) % 3 - 1, dtype=pl.Int32)}
        ),
        "label": np.arange(n) % 4 == 0,
        "about": pl.DataFrame({"id": range(n), "at": [START + dt.timedelta(days=i) for i in range(n)]}),
        "signature": SIGNATURE,
    }
    return TrainingSet(**parts | changes)


def test_last_holds_the_rows_after_newest_minus_duration() -> None:
    recent, held = rows().split(last="10d")
    assert (len(recent), len(held)) == (30, 10)
    assert held.about["at"].min() == START + dt.timedelta(days=30)
    assert held.features["x"].to_list() == [float(i) for i in range(30, 40)]
    assert held.label.tolist() == [i % 4 == 0 for i in range(30, 40)]


@pytest.mark.parametrize("kind", ["micros", "date", "zoned", "milliseconds"])
def test_event_time_may_be_of_any_kind_of_time(kind: str) -> None:
    at = rows().about["at"].cast(pl.Datetime("us"))
    made = {
        "micros": at.cast(pl.Int64),
        "date": at.cast(pl.Date),
        "zoned": at.dt.replace_time_zone("UTC"),
        "milliseconds": at.cast(pl.Datetime("ms")),
    }[kind]
    _, held = rows(about=pl.DataFrame({"when": made}), event_time="when").split(last="10d")
    assert held.features["x"].to_list() == [float(i) for i in range(30, 40)]


def test_rows_keep_their_order_whatever_the_order_of_time() -> None:
    mixed = rows()
    back = rows(about=mixed.about.with_columns(pl.col("at").reverse()))
    _, held = back.split(last="10d")
    assert held.features["x"].to_list() == [float(i) for i in range(10)]


@settings(max_examples=25)
@given(st.integers(0, 5), st.sampled_from([0.1, 0.25, 0.5]))
def test_fraction_splits_every_class_alike_and_loses_no_row(seed: int, fraction: float) -> None:
    whole = rows(80)
    learn, held = whole.split(fraction=fraction, seed=seed)
    assert sorted(learn.features["x"].to_list() + held.features["x"].to_list()) == whole.features["x"].to_list()
    assert held.features["x"].is_sorted()
    assert held.label.sum() == round(fraction * 20)
    assert len(held) == round(fraction * 20) + round(fraction * 60)


def test_fraction_is_a_function_of_the_seed() -> None:
    one, same, other = (rows().split(fraction=0.25, seed=seed)[1].features["x"].to_list() for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize("key", ["id", None])
def test_a_row_stays_on_its_side_as_others_join(key: str | None) -> None:
    signature = msgspec.structs.replace(SIGNATURE, key=key)
    before, after = (set(rows(n, signature=signature).split(fraction=0.25)[1].about["id"]) for n in (400, 800))
    assert len(before) == 100
    assert len(before & after) >= 85  # by chance it would be 25


def test_regression_is_drawn_from_all_rows() -> None:
    signature = Signature(task="regression", request=SIGNATURE.request, features=SIGNATURE.features, label="delay")
    _, held = rows(signature=signature, label=np.arange(40.0)).split(fraction=0.25)
    assert len(held) == 10


@pytest.mark.parametrize(
    "asked",
    [{}, {"last": "1d", "fraction": 0.2}, {"last": "soon"}, {"last": "400d"}, {"fraction": 0.0}, {"fraction": 1.0},
     {"fraction": 0.001}],
)  # fmt: skip
def test_split_that_cannot_be_is_refused_with_a_way_out(asked: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        split_training_set(rows(), **asked)
    assert caught.value.fix


def test_split_by_time_needs_event_times() -> None:
    with pytest.raises(UsageError, match="event time"):
        rows(about=pl.DataFrame({"id": range(40)})).split(last="1d")
    with pytest.raises(UsageError, match="40 rows have no at"):
        rows(about=pl.DataFrame({"at": pl.Series([None] * 40, dtype=pl.Datetime("us"))})).split(last="1d")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"label": np.zeros(3)}, DataRefusedError),
        ({"about": pl.DataFrame({"id": [1]})}, DataRefusedError),
        ({"about": pl.DataFrame({"late": [True] * 40})}, DataRefusedError),
        ({"features": pl.DataFrame({"x": [1.0] * 40, "carrier": ["AA"] * 40})}, DataRefusedError),
        ({"features": pl.DataFrame({"x": [1.0] * 40, "carrier": [START] * 40})}, DataRefusedError),
        ({"features": pl.DataFrame({"carrier": [1] * 40, "x": [1.0] * 40})}, MissingColumnError),
        ({"features": pl.DataFrame({"x": [1.0] * 40})}, MissingColumnError),
    ],
)
def test_parts_that_do_not_fit_are_refused(changes: dict[str, Any], error: type[LoopwrightError]) -> None:
    with pytest.raises(error):
        rows(**changes)


def test_categorical_names_the_coded_features() -> None:
    assert rows().categorical == ("carrier",)


def test_training_set_comes_back_from_the_store_under_the_same_digest() -> None:
    blobs, whole = MemoryBlobs(), rows()
    digest = put_value(blobs, whole.split(last="10d"))
    recent, held = get_value(blobs, digest)
    assert put_value(blobs, (recent, held)) == digest
    assert recent.features.equals(whole.features[:30])
    assert held.label.dtype == bool
    assert held.about.schema == whole.about.schema
    assert held.signature == SIGNATURE


def test_about_without_columns_is_fine() -> None:
    blobs = MemoryBlobs()
    back = get_value(blobs, put_value(blobs, rows(about=pl.DataFrame())))
    assert len(back.split(fraction=0.5)[1]) == 20


def test_label_of_objects_is_refused_by_the_store() -> None:
    with pytest.raises(UnsupportedValueError, match="label"):
        put_value(MemoryBlobs(), rows(label=np.array(["a", None] * 20, dtype=object)))


def test_weights_follow_their_rows_and_come_back_from_the_store() -> None:
    blobs, whole = MemoryBlobs(), rows(weight=np.arange(40) / 40)
    recent, held = get_value(blobs, put_value(blobs, whole.split(last="10d")))
    assert recent.weight.tolist() == (np.arange(30) / 40).tolist()
    assert held.weight.tolist() == (np.arange(30, 40) / 40).tolist()
    assert get_value(blobs, put_value(blobs, rows())).weight is None
    with pytest.raises(DataRefusedError, match="length"):
        rows(weight=np.ones(3))
