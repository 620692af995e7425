"""One value a unit: the first reward that became known, with what the unit was worth before the release."""

import math
from typing import Any

import polars as pl
import pytest
from tests.app.releases.test_strategies import World

from loopwright.app.clock import set_clock
from loopwright.app.releases.log import ReleaseLog
from loopwright.app.releases.metrics import ReleaseMetrics, unit_of
from loopwright.app.releases.running import running_release
from loopwright.core.clock import SECOND

Project = Any


@pytest.fixture
def world(replayed: Project) -> World:
    return World(replayed)


def values(world: World) -> dict[str, list[float]]:
    release = running_release(world.workspace, "small")
    assert release is not None
    log = ReleaseLog(world.workspace, world.release)
    until = world.workspace.clock.now() + 1
    log.new(release, until)
    found = ReleaseMetrics(world.workspace, log).new(release, until)
    return {arm: metrics["sale"].values.tolist() for arm, metrics in found.items()}


def test_rewards_belong_to_the_arm_that_answered(world: World) -> None:
    world.start("ab_test", metric="sale", guards=[])
    world.serve(40, worth=lambda arm: 1.0 if arm == "champion" else 0.25)
    found = values(world)
    assert set(found["champion"]) == {1.0}
    assert set(found["candidate"]) == {0.25}
    assert len(found["champion"]) + len(found["candidate"]) == 40


def test_a_unit_s_worth_before_the_release_is_its_covariate(world: World) -> None:
    world.release = "none"
    world.serve(30, worth=lambda arm: 0.75)
    world._asked -= 30
    world._round += 1
    set_clock(world.workspace.stores, world.workspace.clock.now() + SECOND)
    world.start("ab_test", metric="sale", guards=[], cuped=True)
    world.serve(40, worth=lambda arm: 1.0)
    release = running_release(world.workspace, "small")
    assert release is not None
    log = ReleaseLog(world.workspace, world.release)
    until = world.workspace.clock.now() + 1
    log.new(release, until)
    found = ReleaseMetrics(world.workspace, log).new(release, until)
    covariates = [value for arm in found.values() for value in arm["sale"].covariates.tolist()]
    assert sorted(value for value in covariates if not math.isnan(value)) == [0.75] * 30
    assert sum(math.isnan(value) for value in covariates) == 10


def test_a_unit_is_a_column_of_the_request_else_its_key_else_the_request() -> None:
    rows = pl.DataFrame({"key": ["k", None, "l"], "request_id": ["r1", "r2", "r3"]})
    inputs = pl.Series("inputs", [{"user": "u"}, {"user": None}, {"user": 7}], strict=False)
    assert unit_of(None, rows, "user").to_list() == ["k", "r2", "l"]
    assert unit_of(inputs, rows, None).to_list() == ["k", "r2", "l"]
    assert unit_of(inputs, rows, "other").to_list() == ["k", "r2", "l"]
    assert unit_of(inputs, rows, "user").to_list()[:2] == ["u", "r2"]
