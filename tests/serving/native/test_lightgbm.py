"""LightGBM's models through its C interface: the same bits as `Booster.predict`."""

import threading

import lightgbm
import numpy as np
import pytest
from lightgbm import LGBMClassifier, LGBMRegressor

from loopwright.errors import UsageError
from loopwright.serving.native.lightgbm import lightgbm_call

SMALL = {"n_estimators": 20, "verbose": -1, "num_threads": 1, "min_child_samples": 5}


@pytest.mark.parametrize("nulls", [False, True])
@pytest.mark.parametrize("target", ["two", "three", "value"])
def test_every_task_gives_the_boosters_own_answer(data, data_with_nulls, same, target, nulls):
    rows = data_with_nulls if nulls else data
    kind = LGBMRegressor if target == "value" else LGBMClassifier
    model = kind(**SMALL).fit(rows.x, getattr(rows, target), categorical_feature=[5])
    same(model, nulls=nulls, reference=model.booster_.predict)


def test_a_lone_booster_is_answered_as_it_answers(data, same):
    booster = lightgbm.train(
        {"objective": "poisson", "verbose": -1, "num_threads": 1}, lightgbm.Dataset(data.x, np.abs(data.value)), 10
    )
    same(booster, reference=booster.predict)


def test_only_the_iterations_up_to_the_best_count(data, same):
    booster = LGBMRegressor(**SMALL).fit(data.x, data.value).booster_
    booster.best_iteration = 5
    same(booster, reference=lambda rows: booster.predict(rows, num_iteration=5))


def test_rows_of_another_width_are_refused_before_the_library_reads_past_them(data):
    call = lightgbm_call(LGBMRegressor(**SMALL).fit(data.x, data.value), 1)
    with pytest.raises(UsageError, match="6 columns"):
        call(data.x[:2, :5])


def test_no_rows_give_no_scores(data):
    call = lightgbm_call(LGBMRegressor(**SMALL).fit(data.x, data.value), 1)
    assert call(np.empty((0, 6))).shape == (0,)


@pytest.mark.parametrize("form", [np.asfortranarray, lambda rows: rows.astype(np.float32)])
def test_rows_in_another_layout_are_copied_first(data, form):
    model = LGBMRegressor(**SMALL).fit(data.x, data.value)
    rows = form(data.x[:20])
    np.testing.assert_array_equal(lightgbm_call(model, 1)(rows), model.predict(rows.astype(np.float64)))


def test_rows_that_may_not_be_written_are_answered_too(data):
    model = LGBMRegressor(**SMALL).fit(data.x, data.value)
    rows = data.x[:3].copy()
    rows.flags.writeable = False
    np.testing.assert_array_equal(lightgbm_call(model, 1)(rows), model.predict(rows))


def test_threads_that_ask_at_once_each_get_their_own_answer(data):
    model = LGBMClassifier(**SMALL).fit(data.x, data.three)
    call = lightgbm_call(model, 1)
    expected = model.booster_.predict(data.x)
    wrong: list[int] = []

    def ask(start: int) -> None:
        for i in range(start, start + 300):
            at = i % 490
            if not np.array_equal(call(data.x[at : at + 1 + i % 6]), expected[at : at + 1 + i % 6]):
                wrong.append(i)

    threads = [threading.Thread(target=ask, args=(70 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_another_librarys_model_is_not_its(data):
    assert lightgbm_call(object(), 1) is None
