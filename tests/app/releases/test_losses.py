"""Both versions on the same requests: a candidate is never asked in this process, and never again once it failed."""

import sys
from typing import Any

import polars as pl
import pytest
from tests.app.releases.test_operations import Desk

from loopwright.app.releases.losses import Versions, paired_evidence
from loopwright.app.releases.running import running_release

Project = Any
INPUTS = {"x": 0.5, "n": 3.0}


def rows(desk: Desk, *, arm: str = "champion", inputs: dict[str, float] | None = None) -> pl.DataFrame:
    version = desk.champion if arm == "champion" else desk.candidate
    said = {"arm": arm, "version": version, "inputs": inputs or INPUTS, "score": 0.5, "output": {}, "label": True}
    return pl.DataFrame([said, said])


@pytest.fixture
def desk(project: Project) -> Desk:
    return Desk(project)


def test_a_candidate_on_probation_is_asked_in_a_process_of_its_own(desk: Desk) -> None:
    release = running_release(desk.workspace, "small")
    assert release is not None
    versions = Versions(desk.workspace)
    found = paired_evidence(versions, release.plan, rows(desk))["candidate"]
    (child,) = versions._children.values()
    assert child._process is not None
    assert child._process.poll() is None
    assert len(found.losses) == 2
    assert found.champion.tolist() == [0.5, 0.5]
    assert desk.candidate not in versions._models
    versions.close()
    assert child._process is None


def test_a_candidate_that_takes_its_process_down_is_not_asked_again(project: Project) -> None:
    text = (project.folder / "loop.py").read_text()
    own = """
def dies(model: DecisionTreeClassifier, columns: lw.Columns) -> lw.Columns:
    if (columns["n"] == 99).any():
        import os
        os._exit(7)
    return lw.predict(model, columns)


@lw.pipeline
def fit("""
    text = text.replace("\n@lw.pipeline\ndef fit(", own).replace("holdout)\n", "holdout, predict=dies)\n")
    (project.folder / "loop.py").write_text(text)
    desk = Desk(project)
    release = running_release(desk.workspace, "small")
    assert release is not None
    versions = Versions(desk.workspace)
    for _ in range(2):
        found = paired_evidence(versions, release.plan, rows(desk, inputs={"x": 0.5, "n": 99.0}))["candidate"]
        assert len(found.losses) == 0
        assert versions._failed == {desk.candidate}
    assert "os" in sys.modules, "and this process lives"
    versions.close()


def test_what_is_logged_of_another_definition_of_a_feature_is_not_compared(sensed: Project) -> None:
    from loopwright.app.run import run_loop

    workspace = sensed.workspace()
    champion = str(workspace.stores.ledger.ref("default/model/small@champion"))
    sensed.change('over="1h"', 'over="2h"')
    judged = run_loop(workspace, sensed.loaded()).judged
    assert judged is not None
    versions = Versions(workspace)
    assert versions.same_inputs(champion, champion)
    assert not versions.same_inputs(judged.version, champion)
    assert not versions.same_inputs(champion, judged.version)
