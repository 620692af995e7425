"""What a version is packaged with for the rules of performance that its loop declares."""

from typing import Any

import numpy as np
import pytest
from tests.app.conftest import rows

import loopwright as lw
from loopwright.app.clock import set_clock
from loopwright.app.monitor.quality_days import quality_days
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.promised import PART, estimation_of, promised_figures, with_estimation
from loopwright.app.run import run_loop
from loopwright.app.versions import manifest_of, reference_of
from loopwright.core.clock import SECOND
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
DAY = 86_400 * SECOND
RULES = (
    'monitor=[lw.watch.estimated_performance("roc_auc", loss_at_most=0.1, min_requests=100, outside_at_most=0.5), '
    'lw.performance(lw.watch.cost(false_positive=5, false_negative=80), loss_at_most=10, by="n", min_labels=50)]'
)


def packaged(project: Project) -> tuple[Any, str]:
    project.change("monitor=[lw.drift()]", RULES)
    project.data(rows(900), "first.csv")
    workspace = project.workspace(replay=True)
    judged = run_loop(workspace, project.loaded()).judged
    assert judged is not None
    return workspace, judged.version


@pytest.mark.slow
def test_the_figures_that_rules_need_and_an_estimation_travel_with_the_model(bare: Project) -> None:
    workspace, version = packaged(bare)
    manifest = manifest_of(workspace, version)
    reference = reference_of(workspace, manifest)
    assert reference is not None
    name = "cost(5, 80 USD)"
    assert reference.quality[name] > 0
    slices = [figure for figure in reference.quality if figure.startswith(f"{name}[n=")]
    assert len(slices) <= 9
    found = estimation_of(workspace, manifest)
    assert found is not None
    about, models = found
    assert (about.rows, models) == (360, {})
    assert set(about.ranges) == {"x", "n"}

    _a_week(workspace, bare, version)


def _a_week(workspace: Any, project: Project, version: str) -> None:
    """Requests without labels are estimated; once the labels are there, the estimate is held against them."""
    rng, today = np.random.default_rng(0), workspace.clock.now() // DAY + 1
    set_clock(workspace.stores, today * DAY)
    watcher = Watcher(workspace, project.loaded().loop)
    watcher.watch()
    for day in range(6):
        asked, labels = [], []
        for place, x in enumerate(rng.normal(size=80)):
            at, key = today * DAY + (place + 1) * SECOND, f"{day}-{place}"
            score = float(1 / (1 + np.exp(-3 * x)))
            asked.append(
                RequestRow(
                    request_id=f"r{key}", at=at, event_time=at, endpoint="small", arm="champion", version=version,
                    key=key, inputs={"x": float(x), "n": int(rng.integers(0, 9))}, score=score, output={"score": score},
                )
            )  # fmt: skip
            value = bool(x + rng.normal(0, 0.5) > 0)
            labels.append(
                LabelRow(endpoint="small", value=value, event_time=at, at=at + SECOND, source="late", key=key)
            )
        RequestLog(workspace.stores.tables).append(asked)
        if day >= 3:
            append_labels(workspace.stores.tables, labels)
        today += 1
        set_clock(workspace.stores, today * DAY)
        watcher = Watcher(workspace, project.loaded().loop)  # each day another process
        watcher.watch()
    name = "estimated_performance(roc_auc, 0.1)"
    kept = quality_days(workspace.stores.ledger, "small", rule=name)
    assert [(one.requests, one.labelled) for one in kept] == [(80, 0)] * 3 + [(80, 80)] * 3
    assert all(one.estimate is not None and one.estimate.low < one.estimate.value for one in kept)
    assert [("roc_auc" in one.figures) for one in kept] == [False] * 3 + [True] * 3
    (newest, *_) = workspace.stores.ledger.search("watch_day", order="-day")
    (verdict,) = newest.data["rules"][name]["verdicts"]
    assert verdict["details"]["own_error"]["days"] == 3
    assert abs(verdict["details"]["own_error"]["bias"]) < 0.2
    assert verdict["n"] == 480


def test_without_such_rules_nothing_is_added(bare: Project) -> None:
    workspace = bare.workspace()
    judged = run_loop(workspace, bare.loaded()).judged
    assert judged is not None
    manifest = manifest_of(workspace, judged.version)
    assert PART not in manifest.parts
    assert estimation_of(workspace, manifest) is None
    assert promised_figures([lw.drift()], None, np.empty(0)) == {}  # type: ignore[arg-type]
    assert with_estimation(workspace, manifest, [lw.watch.estimated_performance("roc_auc", loss_at_most=0.1)],
                           holdout=_Rows(), scores=np.full(300, np.nan)) is manifest  # type: ignore[arg-type] # fmt: skip


class _Rows:
    def __len__(self) -> int:
        return 300


def test_a_version_packaged_before_the_rule_is_unknown_and_says_so(bare: Project) -> None:
    workspace = bare.workspace(replay=True)
    assert run_loop(workspace, bare.loaded()).judged is not None
    bare.change("monitor=[lw.drift()]", RULES)
    today = workspace.clock.now() // DAY + 1
    set_clock(workspace.stores, today * DAY)
    Watcher(workspace, bare.loaded().loop).watch()
    set_clock(workspace.stores, (today + 1) * DAY)
    Watcher(workspace, bare.loaded().loop).watch()
    (newest, *_) = workspace.stores.ledger.search("watch_day", order="-day")
    said = {name: found["verdicts"][0] for name, found in newest.data["rules"].items()}
    assert {verdict["outcome"] for verdict in said.values()} == {"unknown"}
    assert "packaged without an estimation" in said["estimated_performance(roc_auc, 0.1)"]["reason"]
