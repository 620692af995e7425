from typing import Any

import pytest
from msgspec.structs import replace

import loopwright as lw
from loopwright.app.arms import current_arms
from loopwright.app.champion import first_champion, promote
from loopwright.app.loop_run import Override
from loopwright.app.releases.running import last_event, running_release
from loopwright.app.releases.starting import Beginning, begin_release, needs_of, plan_of, start_release
from loopwright.app.run import run_loop
from loopwright.app.trace import journal
from loopwright.app.versions import champion_of
from loopwright.errors import ConflictError, GateFailedError, ReleaseError
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any
WORD = Override(reason="the rule is wrong", actor="user:me")


def candidate(project: Project, workspace: Any, depth: int) -> str:
    """A registered version beside the champion, whose release has not started by itself."""
    judged = run_loop(workspace, project.loaded(), parameters={"depth": depth}).judged
    assert judged is not None
    return str(judged.version)


def shares(workspace: Any) -> dict[str, float]:
    arms = current_arms(workspace, "small")
    assert arms is not None
    return {arm.version: arm.share for arm in arms.arms}


def test_a_release_puts_the_candidate_beside_the_champion_at_the_first_share(project: Project) -> None:
    workspace = project.workspace()
    version, champion = candidate(project, workspace, 3), str(champion_of(workspace, "small"))
    release = running_release(workspace, "small")
    assert release is not None
    assert shares(workspace) == {champion: 0.5, version: 0.5}
    assert (release.plan.candidate, release.plan.champion) == (version, champion)
    started = next(event for event in journal(workspace.stores.ledger) if event.kind == "release_started")
    assert last_event(workspace, "small") == (started.seq,)
    assert (started.data["candidate"], started.data["champion"], started.data["override"]) == (version, champion, False)


def test_a_second_release_waits_and_moves_nothing(project: Project) -> None:
    workspace = project.workspace()
    candidate(project, workspace, 3)
    before, release = shares(workspace), running_release(workspace, "small")
    second = run_loop(workspace, project.loaded(), parameters={"depth": 4}).judged
    assert second is not None
    assert (second.status, second.release, second.number) == ("waiting", None, 3)
    assert shares(workspace) == before
    assert running_release(workspace, "small") == release


def test_an_override_starts_at_the_share_that_the_loop_declares(project: Project) -> None:
    workspace = project.workspace()
    champion = champion_of(workspace, "small")
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    with pytest.raises(GateFailedError):
        run_loop(workspace, project.loaded(), parameters={"depth": 3})
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 3}, override=WORD).judged
    assert judged is not None
    assert shares(workspace) == {champion: 0.5, judged.version: 0.5}
    started = next(event for event in journal(workspace.stores.ledger) if event.kind == "release_started")
    assert started.data["override"] is True


def test_where_no_release_is_declared_an_override_gets_one_step_of_five_percent_and_no_promotion(
    project: Project,
) -> None:
    workspace = project.workspace()
    champion = str(champion_of(workspace, "small"))
    text = (project.folder / "loop.py").read_text()
    start, end = text.index("    release="), text.index("    monitor=")
    (project.folder / "loop.py").write_text(text[:start] + text[end:])
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 3}, override=WORD).judged
    assert judged is not None
    assert judged.status == "releasing"
    assert shares(workspace) == {champion: 0.95, judged.version: 0.05}
    assert champion_of(workspace, "small") == champion


@pytest.mark.parametrize("strategy", ["lw.BlueGreen()", "lw.Shadow(then=lw.BlueGreen())"])
def test_an_override_gets_a_canary_where_the_loop_would_switch_at_once(project: Project, strategy: str) -> None:
    workspace = project.workspace()
    champion = str(champion_of(workspace, "small"))
    text = (project.folder / "loop.py").read_text()
    start, end = text.index("    release="), text.index("    monitor=")
    (project.folder / "loop.py").write_text(f"{text[:start]}    release={strategy},\n{text[end:]}")
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 1.0)')
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 3}, override=WORD).judged
    assert judged is not None
    assert shares(workspace) == {champion: 0.95, judged.version: 0.05}
    release = running_release(workspace, "small")
    assert release is not None
    by_hand = plan_of(workspace, "small", lw.BlueGreen(), versions=str(judged.version))
    workspace.stores.ledger.commit(
        records=[replace(release.record(1), facets={"endpoint": "small", "status": "ended"})]
    )
    with pytest.raises(ReleaseError, match="all traffic to a version that its gate refused"):
        begin_release(workspace, by_hand, Beginning(actor="user:me", reason="at once", override=True))


def test_without_a_champion_there_is_nothing_to_stand_beside_or_to_follow(project: Project) -> None:
    workspace = project.workspace()
    version = str(champion_of(workspace, "small"))
    other = lw.Loop("other", pipeline=project.loaded().loop.pipeline)
    with pytest.raises(ReleaseError, match="no champion to stand beside"):
        start_release(workspace, other, version, caused_by=())
    with pytest.raises(ReleaseError, match="no champion to follow"):
        promote(workspace, "other", version, caused_by=())


def test_a_champion_and_its_arms_move_in_one_commit(project: Project) -> None:
    workspace = project.workspace()
    version = str(champion_of(workspace, "small"))
    other = lw.Loop("other", pipeline=project.loaded().loop.pipeline)
    (seq,) = first_champion(workspace, other, version, caused_by=())
    ledger = workspace.stores.ledger
    moved = {ledger.history(name)[-1].seq for name in ("default/model/other@champion", "default/endpoint/other@arms")}
    assert len(moved) == 1
    said = next(event for event in journal(ledger) if event.seq == seq)
    assert (said.kind, said.data["from"], said.data["to"]) == ("ref_moved", None, version)
    with pytest.raises(ConflictError, match="revision 1"):
        first_champion(workspace, other, version, caused_by=())


def test_what_a_release_needs_is_said_in_days_once_there_is_traffic(project: Project) -> None:
    workspace = project.workspace()
    candidate(project, workspace, 3)
    release = running_release(workspace, "small")
    assert release is not None
    assert release.needs
    now = workspace.clock.now()
    rows = [
        RequestRow(request_id=f"r{n}", at=now - n, event_time=now, endpoint=e, arm="champion", version="v", inputs={})
        for e, count in (("small", 480), ("other", 480))
        for n in range(count)
    ]
    RequestLog(workspace.stores.tables).append(rows)
    needs = needs_of(workspace, release.plan)
    assert not any("hours" in line for line in release.needs)
    assert "about 2.0 hours" in needs[0], "40 of 480 requests a day"


def test_a_regression_s_losses_are_in_units_of_the_labels_spread(bare: Project) -> None:
    bare.change("DecisionTreeClassifier\n\ntable", "DecisionTreeClassifier, DecisionTreeRegressor\n\ntable")
    bare.change("model = DecisionTreeClassifier(", "model = DecisionTreeRegressor(")
    bare.change("-> DecisionTreeClassifier", "-> DecisionTreeRegressor")
    bare.change('features=["x", "n"], label="y"', 'features=["n", "y"], label="x"')
    bare.change('lw.at_least("roc_auc", 0.6)', 'lw.at_most("rmse", 10.0)')
    bare.change('guards=[ErrorGuard(required="never"), LatencyGuard(required="never")]', "guards=[QualityGuard()]")
    bare.change("import ErrorGuard, LatencyGuard", "import QualityGuard")
    workspace = bare.workspace()
    for depth in (2, 3):
        run_loop(workspace, bare.loaded(), parameters={"depth": depth})
    release = running_release(workspace, "small")
    assert release is not None
    (guard,) = release.plan.guards
    assert guard.scale == pytest.approx(1.0, abs=0.3)  # x is standard normal
