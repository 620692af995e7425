"""A release as the ledger keeps it: everything that the next process needs, found by endpoint and status."""

import json
from pathlib import Path
from typing import Any

import msgspec

from loopwright.app.releases.running import Entry, read_release, running_release
from loopwright.app.run import run_loop
from loopwright.observations.arm_stats import ArmTotals

Project = Any


def test_a_release_reads_back_as_it_was_written(project: Project) -> None:
    workspace = project.workspace()
    run_loop(workspace, project.loaded(), parameters={"depth": 3})
    release = running_release(workspace, "small")
    assert release is not None
    counted = msgspec.structs.replace(
        release,
        totals={"candidate": ArmTotals(requests=3, errors=1), "champion": ArmTotals(requests=4)},
        counted_until=5,
        labels_until=6,
        steps=(Entry(at=1, decision="advance", reasons=("done",)),),
    )
    workspace.stores.ledger.commit(records=[counted.record(7)])
    assert running_release(project.workspace(), "small") == counted
    assert running_release(workspace, "other") is None


def test_a_release_that_has_ended_is_not_under_way(project: Project) -> None:
    workspace = project.workspace()
    run_loop(workspace, project.loaded(), parameters={"depth": 3})
    release = running_release(workspace, "small")
    assert release is not None
    ended = msgspec.structs.replace(release, state=msgspec.structs.replace(release.state, status="rolled_back"))
    workspace.stores.ledger.commit(records=[ended.record(7)])
    assert running_release(workspace, "small") is None
    found = workspace.stores.ledger.search("release", where={"endpoint": "small", "status": "rolled_back"})
    assert [record.id for record in found] == [release.id]


def test_a_release_that_an_earlier_version_began_goes_on() -> None:
    golden = Path(__file__).parents[2] / "release" / "golden" / "1"
    plan, state = (json.loads((golden / name).read_text()) for name in ("plan.json", "state.json"))
    step = {
        "at": 1,
        "decision": "advance",
        "share": 0.5,
        "reasons": ["done"],
        "requests": 3,
        "labels": 0,
        "verdicts": [],
    }
    data = {
        "id": "rel_old", "plan": plan, "state": state, "counted_until": 5, "labels_until": 5, "needs": [], "event": 7,
        "totals": {"candidate": {"requests": 3}}, "steps": [step],
    }  # fmt: skip
    release = read_release(data)
    assert (release.turn, release.settled_until, release.totals["candidate"].requests) == ("rel_old#0", 0, 3)
    assert release.steps[0].reasons == ("done",)
    assert release.plan.candidates == {"candidate": plan["candidate"]}
