"""A window travels with the training set's pins, and a model is rebuilt from the same rows and weights."""

from typing import Any

import numpy as np
import polars as pl
import pytest

from loopwright.app.reproduce import reproduce
from loopwright.app.retraining.changed import change_ref, changed_at
from loopwright.app.retraining.window import (
    DataWindow,
    Growing,
    PinnedWindow,
    decayed,
    growing,
    pinned,
    since_change_point,
    sliding,
)
from loopwright.app.run import plan_loop, run_loop
from loopwright.app.training_set import Pins
from loopwright.app.versions import champion_of
from loopwright.core.codec import canonical
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet
from loopwright.formats.value import get_value

Project = Any
DAY = 86_400_000_000
NOW = 1_700_000_000_000_000


@pytest.mark.parametrize(
    ("window", "changed", "wanted"),
    [
        (growing(), None, None),
        (growing(), 5, None),
        (sliding("90d"), 5, PinnedWindow(policy="sliding", width=90 * DAY)),
        (decayed(half_life="60d"), None, PinnedWindow(policy="decayed", half_life=60 * DAY)),
        (since_change_point(), None, None),
        (since_change_point(least_rows=7), 5, PinnedWindow(policy="since_change_point", since=5, least_rows=7)),
    ],
)
def test_what_is_pinned(window: DataWindow, changed: int | None, wanted: PinnedWindow | None) -> None:
    assert pinned(window, changed_at=changed) == wanted


@pytest.mark.parametrize("make", [lambda: sliding("soon"), lambda: sliding("0d"), lambda: decayed(half_life="0s"),
                                  lambda: since_change_point(least_rows=0)])  # fmt: skip
def test_windows_that_are_none(make: Any) -> None:
    with pytest.raises(UsageError):
        make()


def test_a_loop_that_says_nothing_has_the_pins_that_it_always_had() -> None:
    assert canonical(Pins(versions={"a": "b"}, labels_known_at=1)) == b'{"labels_known_at":1,"versions":{"a":"b"}}'
    assert pinned(Growing(), changed_at=None) is None


def windowed_project(bare: Project, window: str) -> Project:
    """Rows of ten days, the newest ones with the other sign; the step uses the rows' weights."""
    bare.change('table = lw.Dataset("table", source="data/*.csv", key="id")',
                'table = lw.Dataset("table", source="data/*.csv", key="id", event_time="at")')  # fmt: skip
    bare.change("retrain=[lw.on_new_data(table, rows=100)]", f"retrain=lw.Retraining(window={window})")
    bare.change("model.fit(rows.features, rows.label)", "model.fit(rows.features, rows.label, rows.weight)")
    rng = np.random.default_rng(0)
    x = rng.normal(size=600)
    day = np.repeat(np.arange(10), 60)
    at = pl.Series([NOW + int(d) * DAY for d in day]).cast(pl.Datetime("us"))
    bare.data(pl.DataFrame({"id": range(600), "x": x, "n": [1] * 600, "y": np.where(day < 6, x > 0, x < 0), "at": at}),
              "first.csv")  # fmt: skip
    return bare


def training_rows(workspace: Any, run: str) -> TrainingSet:
    steps = workspace.stores.ledger.record("run", run).data["steps"]
    name = next(name for name in steps if name.startswith("training_set"))
    found: TrainingSet = get_value(workspace.stores.blobs, steps[name]["outputs"][0])
    return found


@pytest.mark.parametrize(("window", "rows"), [('lw.sliding("4d")', 240), ('lw.decayed(half_life="12h")', 600)])
def test_a_window_is_trained_on_recorded_and_reproduced(bare: Project, window: str, rows: int) -> None:
    project = windowed_project(bare, window)
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 0.0)')
    workspace, loaded = project.workspace(), project.loaded()
    done = run_loop(workspace, loaded)
    seen = training_rows(workspace, done.run)
    assert len(seen) == rows
    assert (seen.weight is None) == window.startswith("lw.sliding")
    version = str(champion_of(workspace, "small"))
    pins = workspace.stores.ledger.record("origin", version).data["pins"]
    assert pins["window"]["policy"] in window
    assert reproduce(workspace, loaded, version).verdict == "identical"
    assert plan_loop(workspace, loaded).plan.nodes[0].action == "reuse"


def test_a_new_change_point_makes_new_rows_and_no_change_point_all_of_them(bare: Project) -> None:
    project = windowed_project(bare, "lw.since_change_point(least_rows=10)")
    workspace, loaded = project.workspace(), project.loaded()
    assert len(training_rows(workspace, run_loop(workspace, loaded).run)) == 600
    assert changed_at(workspace, "small") is None
    ref = change_ref(workspace, "small")
    workspace.stores.ledger.commit(expect={ref: None}, moves={ref: str(NOW + 6 * DAY)})
    done = run_loop(workspace, loaded)
    assert done.judged is not None
    assert done.judged.status == "releasing"
    assert len(training_rows(workspace, done.run)) == 240
