import numpy as np
import polars as pl

from loopwright.data.leakage import leaks

RNG = np.random.default_rng(7)
N = 500
NOISE = RNG.normal(size=N)
BINARY = RNG.random(N) < 0.3


def test_a_column_that_decides_a_binary_target_is_reported() -> None:
    frame = pl.DataFrame(
        {"y": BINARY, "delay": np.where(BINARY, 20 + NOISE, NOISE), "noise": NOISE, "weak": BINARY + NOISE}
    )
    (leak,) = leaks(frame, "y", task="binary", columns=["delay", "noise", "weak"])
    assert leak.column == "delay"
    assert leak.strength is not None
    assert leak.strength > 0.99


def test_a_low_score_for_the_positive_class_is_as_telling() -> None:
    frame = pl.DataFrame({"y": BINARY, "x": np.where(BINARY, -20.0, NOISE)})
    assert [leak.column for leak in leaks(frame, "y", task="binary", columns=["x"])] == ["x"]


def test_being_missing_may_tell_the_answer() -> None:
    frame = pl.DataFrame({"y": BINARY, "x": NOISE}).with_columns(pl.when("y").then(None).otherwise("x").alias("x"))
    (leak,) = leaks(frame, "y", task="binary", columns=["x"])
    assert "missing" in leak.reason


def test_a_category_that_decides_the_class_is_reported() -> None:
    kinds = RNG.integers(0, 3, N)
    frame = pl.DataFrame(
        {"y": kinds, "code": [f"c{k}" for k in kinds], "other": RNG.integers(0, 3, N).astype(str), "copy": kinds * 2.0}
    )
    assert [leak.column for leak in leaks(frame, "y", task="multiclass", columns=["code", "other", "copy"])] == [
        "code",
        "copy",
    ]


def test_a_rescaled_regression_target_is_reported() -> None:
    frame = pl.DataFrame({"y": NOISE, "cubed": NOISE**3, "near": NOISE + RNG.normal(size=N)})
    assert [leak.column for leak in leaks(frame, "y", task="regression", columns=["cubed", "near"])] == ["cubed"]


def test_a_name_that_repeats_the_target_is_reported_whatever_it_holds() -> None:
    frame = pl.DataFrame({"Late": [True, False], "was_late_flag": [1, 1], "plate": [1, 2], "day": [1, 2]})
    found = leaks(frame, "Late", task="binary", columns=["was_late_flag", "day"])
    assert [(leak.column, leak.strength) for leak in found] == [("was_late_flag", None)]


def test_a_rare_class_alone_is_no_leak() -> None:
    rare = np.zeros(1000, dtype=bool)
    rare[:2] = True
    frame = pl.DataFrame({"y": rare, "c": RNG.integers(0, 4, 1000).astype(str), "x": RNG.normal(size=1000)})
    assert leaks(frame, "y", task="binary", columns=["c", "x"]) == ()


def test_a_handful_of_rows_proves_nothing() -> None:
    assert leaks(pl.DataFrame({"y": [0, 1, 0], "x": [0, 1, 0]}), "y", task="binary", columns=["x"]) == ()
