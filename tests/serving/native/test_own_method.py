import numpy as np
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC

from loopwright.serving.native.choose import native_call
from loopwright.serving.native.own_method import own_method


def test_probabilities_where_the_model_has_them(data):
    model = KNeighborsClassifier().fit(data.x, data.two)
    np.testing.assert_array_equal(own_method(model)(data.x), model.predict_proba(data.x)[:, 1])


def test_values_of_a_regression(data):
    model = KNeighborsRegressor().fit(data.x, data.value)
    np.testing.assert_array_equal(own_method(model)(data.x), model.predict(data.x))


def test_certainties_of_a_classifier_without_probabilities(data):
    model = SVC().fit(data.x, data.three)
    assert own_method(model)(data.x).argmax(axis=1).tolist() == model.predict(data.x).tolist()


def test_models_without_a_direct_call_have_none(data):
    assert native_call(KNeighborsRegressor().fit(data.x, data.value), 1) is None
    assert native_call(object(), 1) is None
