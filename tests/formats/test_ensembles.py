"""Several models as one value: checked when made, stored by their members' own formats."""

import numpy as np
import pytest
from lightgbm import LGBMClassifier
from sklearn.linear_model import LogisticRegression
from xgboost import XGBClassifier

from loopwright.errors import UsageError
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.ensembles import Cascade, Ensemble, Stack
from loopwright.formats.format import NativeModel

X = np.random.default_rng(0).normal(size=(200, 3))
LABEL = X[:, 0] > 0
BOOSTED = LGBMClassifier(n_estimators=3, verbose=-1, n_jobs=1).fit(X, LABEL)
EXTREME = XGBClassifier(n_estimators=3, n_jobs=1).fit(X, LABEL)
LINEAR = LogisticRegression().fit(X, LABEL)
ALL = Stack([Ensemble([BOOSTED, LINEAR], weights=[2, 1]), EXTREME], final=Cascade(LINEAR, BOOSTED, between=(0.2, 0.8)))


def test_ensembles_come_back_with_their_members_and_without_pickle():
    label, files = Catalogue().encode(ALL)
    back = Catalogue().decode(label, files)
    assert isinstance(back, Stack)
    assert isinstance(back.models[0], Ensemble)
    assert back.models[0].weights == (2.0, 1.0)
    assert back.final.between == (0.2, 0.8)
    assert np.array_equal(back.models[1].predict_proba(X), EXTREME.predict_proba(X))
    assert Catalogue().encode(back) == (label, files)


def test_members_that_have_a_native_form_are_not_decoded_to_be_asked():
    found = Catalogue().native(*Catalogue().encode(ALL))
    assert isinstance(found, Stack)
    inner, extreme = found.models
    assert [type(member) for member in inner.models] == [NativeModel, LogisticRegression]
    assert isinstance(extreme, NativeModel)
    assert isinstance(found.final.then, NativeModel)


def test_other_containers_have_no_native_form():
    assert Catalogue().native(*Catalogue().encode([BOOSTED])) is None
    assert Catalogue().native(*Catalogue().encode({"model": BOOSTED})) is None


@pytest.mark.parametrize("weights", [[1], [1, 2, 3], [1, 0], [1, -1], [1, float("nan")]])
def test_weights_that_do_not_fit_are_refused(weights):
    with pytest.raises(UsageError, match="weights"):
        Ensemble([BOOSTED, LINEAR], weights=weights)


def test_no_models_are_refused():
    with pytest.raises(UsageError):
        Ensemble([])
    with pytest.raises(UsageError):
        Stack([], final=LINEAR)


@pytest.mark.parametrize("between", [(0.8, 0.2), (float("nan"), 1.0)])
def test_a_range_that_is_none_is_refused(between):
    with pytest.raises(UsageError, match="range"):
        Cascade(LINEAR, BOOSTED, between=between)
