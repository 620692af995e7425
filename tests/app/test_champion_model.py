"""Training that goes on from the champion's model: its digest is an input, is pinned, and is found again."""

from typing import Any

import numpy as np
import pytest
from tests.app.conftest import rows

from loopwright.app.champion_model import NONE, ChampionModels
from loopwright.app.reproduce import reproduce
from loopwright.app.run import plan_loop, run_loop
from loopwright.app.versions import champion_of, manifest_of, resolve_version
from loopwright.formats.value import get_value

Project = Any
STEP = """@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int) -> DecisionTreeClassifier:
    model = DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaves(), random_state=0)
    return model.fit(rows.features, rows.label)
"""
WARM = """@lw.step(isolated=False)
def train(rows: lw.TrainingSet, depth: int, champion: object) -> SGDClassifier:
    model = SGDClassifier(loss="log_loss", random_state=0)
    if champion is not None:
        model.coef_, model.intercept_ = champion.coef_.copy(), champion.intercept_.copy()
        model.classes_, model.t_ = champion.classes_, champion.t_
    return model.partial_fit(rows.features.to_numpy(), rows.label, classes=[0, 1])
"""


@pytest.fixture
def warm(bare: Project) -> Project:
    bare.change("from sklearn.tree import DecisionTreeClassifier", "from sklearn.linear_model import SGDClassifier")
    bare.change(STEP, WARM)
    bare.change("train(known, depth)", "train(known, depth, lw.champion_model())")
    bare.change("release=lw.Canary(\n        steps=[50, 100], min_requests=20, guards="
                '[ErrorGuard(required="never"), LatencyGuard(required="never")]\n    ),', "release=None,")  # fmt: skip
    return bare


def test_training_goes_on_from_the_champion_and_is_reproduced(warm: Project) -> None:
    workspace, loaded = warm.workspace(), warm.loaded()
    first = run_loop(workspace, loaded)
    assert first.judged is not None
    assert workspace.stores.ledger.record("origin", first.judged.version).data["champion_model"] == NONE
    warm.data(rows(300, first=1000))
    assert "train" in plan_loop(workspace, loaded).plan.running
    second = run_loop(workspace, loaded)
    assert second.judged is not None
    assert second.judged.status == "promoted"
    before = manifest_of(workspace, first.judged.version).parts["model"]
    after = manifest_of(workspace, second.judged.version).parts["model"]
    assert workspace.stores.ledger.record("origin", second.judged.version).data["champion_model"] == before
    steps = get_value(workspace.stores.blobs, before).t_, get_value(workspace.stores.blobs, after).t_
    assert steps[1] > steps[0] + 100
    assert reproduce(workspace, loaded, "small").verdict == "identical"
    assert reproduce(workspace, loaded, first.judged.version).verdict == "identical"


def test_a_promotion_in_the_middle_of_a_run_waits_for_the_next(warm: Project) -> None:
    workspace, loaded = warm.workspace(), warm.loaded()
    models = ChampionModels(workspace=workspace, endpoint="small")
    assert models.probe({}) == NONE
    assert models.load({}) is None
    run_loop(workspace, loaded)
    assert models.probe({}) == NONE
    version = resolve_version(workspace, str(champion_of(workspace, "small")))
    fresh = ChampionModels(workspace=workspace, endpoint="small")
    assert fresh.probe({}) == manifest_of(workspace, version).parts["model"]
    assert np.isfinite(fresh.load({}).coef_).all()
