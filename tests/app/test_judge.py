from typing import Any

import pytest

from loopwright.app.reproduce import reproduce
from loopwright.app.run import Override, run_loop
from loopwright.app.status import status
from loopwright.app.trace import journal
from loopwright.errors import ApprovalMissingError, GateFailedError, NotFoundError, NoVerdictError
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Project = Any
WORD = Override(reason="because I say so", actor="user:me")
RELATIVE = 'lw.not_worse_than_champion("roc_auc", margin=0.1)'
ABSOLUTE = 'lw.at_least("roc_auc", 0.6)'


def kinds(workspace: Any) -> list[str]:
    return [event.kind for event in journal(workspace.stores.ledger)]


def registered(workspace: Any) -> int:
    return len(workspace.stores.ledger.search("model_version"))


def test_the_first_version_that_passes_is_champion_at_once(bare: Project) -> None:
    workspace = bare.workspace()
    judged = run_loop(workspace, bare.loaded()).judged
    assert judged is not None
    assert (judged.status, judged.number) == ("champion", 1)
    assert workspace.stores.ledger.ref("default/model/small@champion") == judged.version
    assert [arm.version for arm in status(workspace).arms] == [judged.version]


def test_without_a_champion_a_relative_rule_alone_gives_no_verdict(bare: Project) -> None:
    workspace = bare.workspace()
    bare.change(ABSOLUTE, RELATIVE)
    with pytest.raises(NoVerdictError):
        run_loop(workspace, bare.loaded())
    assert registered(workspace) == 0
    assert workspace.stores.ledger.refs("default/model/") == {}


def test_beside_an_absolute_rule_a_relative_one_does_not_concern_the_first(bare: Project) -> None:
    bare.change(ABSOLUTE, f"{ABSOLUTE}, {RELATIVE}")
    judged = run_loop(bare.workspace(), bare.loaded()).judged
    assert judged is not None
    assert [str(verdict.outcome) for verdict in judged.verdicts] == ["pass", "not_applicable"]


def test_a_gate_that_fails_registers_nothing_and_is_in_the_journal(project: Project) -> None:
    workspace = project.workspace()
    before = workspace.stores.ledger.refs()
    project.change(ABSOLUTE, 'lw.at_least("roc_auc", 1.0)')
    project.change("depth: int = 2", "depth: int = 3")
    with pytest.raises(GateFailedError, match="failed its gate") as caught:
        run_loop(workspace, project.loaded())
    assert "roc_auc" in caught.value.why
    assert registered(workspace) == 1
    assert workspace.stores.ledger.refs("default/model/") == {k: v for k, v in before.items() if "/model/" in k}
    assert kinds(workspace)[-1] == "gate_judged"


def test_an_override_without_a_champion_is_refused(bare: Project) -> None:
    workspace = bare.workspace()
    bare.change(ABSOLUTE, 'lw.at_least("roc_auc", 1.0)')
    with pytest.raises(ApprovalMissingError, match="did not pass"):
        run_loop(workspace, bare.loaded(), override=WORD)
    assert registered(workspace) == 0
    assert "override_recorded" not in kinds(workspace)


def test_an_override_admits_to_canary_and_no_further(project: Project) -> None:
    workspace = project.workspace()
    champion = workspace.stores.ledger.ref("default/model/small@champion")
    project.change(ABSOLUTE, 'lw.at_least("roc_auc", 1.0)')
    project.change("depth: int = 2", "depth: int = 3")
    judged = run_loop(workspace, project.loaded(), override=WORD).judged
    assert judged is not None
    assert judged.status == "releasing"
    assert workspace.stores.ledger.ref("default/model/small@champion") == champion
    said = next(event for event in journal(workspace.stores.ledger) if event.kind == "override_recorded")
    assert (said.actor, said.data["reason"]) == (WORD.actor, WORD.reason)
    assert [check.partition("(")[0] for check in said.data["failed"]] == ["at_least"]


def test_a_candidate_that_is_the_champion_changes_nothing(project: Project) -> None:
    workspace = project.workspace()
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 2}).judged
    assert judged is not None
    assert judged.status == "unchanged"
    assert registered(workspace) == 1


def test_one_release_at_a_time(project: Project) -> None:
    workspace = project.workspace()
    statuses = []
    for depth in (3, 4):
        judged = run_loop(workspace, project.loaded(), parameters={"depth": depth}).judged
        assert judged is not None
        statuses.append(judged.status)
    assert statuses == ["releasing", "waiting"]
    assert kinds(workspace).count("release_started") == 1


def test_a_loop_without_a_release_promotes_at_once(project: Project) -> None:
    workspace = project.workspace()
    text = (project.folder / "loop.py").read_text()
    start, end = text.index("    release="), text.index("    monitor=")
    (project.folder / "loop.py").write_text(text[:start] + text[end:])
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 3}).judged
    assert judged is not None
    assert judged.status == "promoted"
    assert workspace.stores.ledger.ref("default/model/small@champion") == judged.version
    assert [arm.version for arm in status(workspace).arms] == [judged.version]


def test_the_same_steps_give_the_same_bytes(project: Project) -> None:
    workspace = project.workspace()
    found = reproduce(workspace, project.loaded(), "small")
    assert (found.verdict, found.largest_difference, found.environment) == ("identical", 0.0, {})
    assert kinds(workspace)[-1] == "version_reproduced"


def test_code_that_changed_since_does_not_change_what_is_reproduced(project: Project) -> None:
    project.change("return 5", "return 50")
    assert reproduce(project.workspace(), project.loaded(), "small@champion").verdict == "identical"


def test_a_step_without_a_fixed_seed_is_different(bare: Project) -> None:
    workspace = bare.workspace()
    bare.change("random_state=0", "random_state=int.from_bytes(__import__('os').urandom(3))")
    bare.change("= DecisionTreeClassifier(", "= DecisionTreeClassifier(splitter='random', ")
    bare.change("depth: int = 2", "depth: int = 9")
    run_loop(workspace, bare.loaded())
    found = reproduce(workspace, bare.loaded(), "small")
    assert found.verdict == "different"
    assert found.largest_difference > found.tolerance
    assert found.model[0] != found.model[1]


@pytest.mark.parametrize("name", ["small@nowhere", "other", "0" * 64])
def test_a_version_that_is_not_there_is_not_reproduced(project: Project, name: str) -> None:
    with pytest.raises(NotFoundError, match="no version"):
        reproduce(project.workspace(), project.loaded(), name)


def test_several_models_may_be_one_candidate(bare: Project) -> None:
    bare.change("from sklearn.tree", "from sklearn.linear_model import LogisticRegression\nfrom sklearn.tree")
    bare.change(
        "    return model.fit(rows.features, rows.label)",
        "    tree = model.fit(rows.features, rows.label)\n"
        "    return lw.Ensemble([tree, LogisticRegression().fit(rows.features, rows.label)], weights=[1, 2])",
    )
    workspace = bare.workspace()
    judged = run_loop(workspace, bare.loaded()).judged
    assert judged is not None
    assert judged.status == "champion"
    assert reproduce(workspace, bare.loaded(), "small").verdict == "identical"


def test_a_model_whose_own_code_answers_is_another_one_when_that_code_changes(bare: Project) -> None:
    code = (
        'def halved(model, columns):\n    return {"score": lw.predict(model, columns)["score"] / 2}\n\n\n@lw.pipeline'
    )
    bare.change("@lw.pipeline", code)
    bare.change("train(known, depth), holdout)", "train(known, depth), holdout, predict=halved)")
    workspace = bare.workspace()
    first = run_loop(workspace, bare.loaded()).judged
    bare.change("/ 2}", "/ 3}")
    second = run_loop(workspace, bare.loaded()).judged
    assert first is not None
    assert second is not None
    assert second.status == "releasing"
    assert first.version != second.version


def test_a_stream_that_fails_on_the_example_gives_no_verdict(bare: Project) -> None:
    bare.change("@lw.pipeline", "def told(model, record):\n    yield record['nothing']\n\n\n@lw.pipeline")
    bare.change("train(known, depth), holdout)", "train(known, depth), holdout, stream=told)")
    with pytest.raises(NoVerdictError) as caught:
        run_loop(bare.workspace(), bare.loaded())
    assert "nothing" in caught.value.why


def test_a_stream_travels_in_the_bundle(bare: Project) -> None:
    code = "def told(model, record):\n    yield record\n\n\n@lw.pipeline"
    bare.change("@lw.pipeline", code)
    bare.change("train(known, depth), holdout)", "train(known, depth), holdout, stream=told)")
    workspace = bare.workspace()
    judged = run_loop(workspace, bare.loaded()).judged
    assert judged is not None
    model = Model.load(bundle_folder(workspace.stores.blobs, judged.version, workspace.home / "run"))
    assert model.streams
    assert list(model.stream({"x": 1.0})) == [{"x": 1.0}]
