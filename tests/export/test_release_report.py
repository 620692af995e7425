"""A release's page, for a release that ran in a test: everything that was decided is on it."""

from typing import Any

import pytest
from tests.app import conftest as app
from tests.app.releases.test_strategies import World

from loopwright.errors import NotFoundError
from loopwright.export.release_report import release_report
from loopwright.export.report import render
from loopwright.pictures.sections import AreaChart, EventList, Figures, Grid, LineChart

Project = Any
_trained, own_modules, replayed = app._trained, app.own_modules, app.replayed


@pytest.fixture
def world(replayed: Project) -> World:
    return World(replayed)


def sections(world: World) -> dict[str, Any]:
    report = release_report(world.workspace, world.release)
    assert render(report).startswith("<!DOCTYPE html>")
    return {section.title: section for section in report.sections}


def test_shares_steps_guards_arms_and_causes_are_on_the_page(world: World) -> None:
    world.start("canary", steps=[25, 100], min_requests=10)
    for _ in range(8):
        world.serve(60)
        world.look()
    found = sections(world)
    assert isinstance(found["Who answered"], AreaChart)
    assert isinstance(found["Evidence that harm is ruled out"], LineChart)
    assert isinstance(found["Evidence of harm"], LineChart)
    decided, guards, arms = found["What was decided"], found["Guards at the last look"], found["Arms, over the release"]
    assert isinstance(decided, Grid)
    assert decided.rows[0][1:4] == ("start", world.workspace.actor, "champion 75%, candidate 25%")
    assert {row[0] for row in guards.rows} >= {"errors", "latency"}
    assert {row[0] for row in arms.rows} == {"champion", "candidate"}
    assert isinstance(found[f"Why: release:{world.release}"], EventList)


def test_a_shadow_is_given_copies_and_no_share(world: World) -> None:
    world.start("shadow", min_requests=10_000)
    world.serve(50, score=lambda arm: 0.9 if arm.role == "champion" else 0.2)
    world.look()
    found = sections(world)
    parts = {part.name.partition(" ")[0]: part.share for part in found["Who answered"].parts}
    assert parts == {"champion": (1.0,), "candidate": (0.0,)}
    assert found["What was decided"].rows[0][3] == "champion 100%, copies to candidate 100%"
    shadow = found["Shadow"]
    assert isinstance(shadow, Figures)
    assert shadow.items[0].value == "0.00%"
    assert len(found["Requests on which they differ most"].rows) == 20


def test_there_is_no_page_of_a_release_that_is_none(world: World) -> None:
    with pytest.raises(NotFoundError):
        release_report(world.workspace, "rel_none")
