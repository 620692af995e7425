from typing import Any

from loopwright.app.run import run_loop
from loopwright.app.status import status

Project = Any


def test_a_home_without_a_run_has_nothing_to_show(bare: Project) -> None:
    found = status(bare.workspace())
    assert (found.datasets, found.models, found.arms, found.runs, found.releases, found.incidents) == ((),) * 6


def test_a_home_at_a_glance(project: Project) -> None:
    workspace = project.workspace()
    champion = workspace.stores.ledger.ref("default/model/small@champion")
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 3}).judged
    assert judged is not None
    found = status(workspace)
    assert [(data.name, data.rows_landed) for data in found.datasets] == [("table", 200)]
    (model,) = found.models
    assert (model.name, model.versions, model.aliases["champion"]) == ("small", 2, champion)
    assert model.metrics["roc_auc"] is not None
    assert [(arm.role, arm.version, arm.share) for arm in found.arms] == [
        ("champion", champion, 0.5),
        ("canary", judged.version, 0.5),
    ]
    assert len(found.runs) == 2
    assert [release["status"] for release in found.releases] == ["running"]
    assert not found.replay
