"""A release's requests are read once each, also those that are logged long after they were received."""

from typing import Any

import msgspec
import pytest
from tests.app.releases.test_strategies import World

from loopwright.app.releases.log import ReleaseLog, answers
from loopwright.app.releases.running import RunningRelease, running_release
from loopwright.core.clock import SECOND
from loopwright.observations.labels import CHOSEN, LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow

Project = Any


@pytest.fixture
def world(replayed: Project) -> World:
    world = World(replayed)
    world.start("canary", steps=[50, 100], min_time="1h", guards=[])
    return world


def under_way(world: World) -> RunningRelease:
    release = running_release(world.workspace, "small")
    assert release is not None
    return release


def counted(release: RunningRelease, until: int) -> RunningRelease:
    return msgspec.structs.replace(release, counted_until=until, labels_until=until)


def test_each_request_is_new_once_and_again_where_the_look_was_lost(world: World) -> None:
    log, release = ReleaseLog(world.workspace, world.release), under_way(world)
    world.serve(5)
    until = world.workspace.clock.now() + 1
    assert log.new(release, until).height == 5
    assert log.new(release, until).height == 5, "nothing was counted"
    assert log.new(counted(release, until), until).height == 0


def test_a_request_that_is_logged_after_the_look_that_could_have_seen_it_is_new_in_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, release = ReleaseLog(world.workspace, world.release), under_way(world)
    monkeypatch.setattr(log, "_late", 10 * SECOND)
    world.serve(5)
    until = world.workspace.clock.now() + 1
    log.new(release, until)
    late = RequestRow(
        request_id="late", at=until - 2, event_time=until, endpoint="small", arm="champion", version=world.champion,
        release=world.release, inputs={"x": 0.5, "n": 3},
    )  # fmt: skip
    RequestLog(world.workspace.stores.tables).append([late])
    world.serve(2)
    found = log.new(counted(release, until), world.workspace.clock.now() + 1)
    assert sorted(found["request_id"])[0] == "late"
    assert found.height == 3


def test_a_process_that_begins_in_the_middle_counts_nothing_of_what_came_before(world: World) -> None:
    release = under_way(world)
    world.serve(5)
    until = world.workspace.clock.now() + 1
    log = ReleaseLog(world.workspace, world.release)
    assert log.new(counted(release, until), until).height == 0
    assert log.before().height == 5
    assert log.before().height == 0, "it is handed out once"


def test_labels_of_requests_that_were_chosen_because_they_are_odd_judge_no_arm(world: World) -> None:
    log, release = ReleaseLog(world.workspace, world.release), under_way(world)
    world.serve(2)
    until = world.workspace.clock.now() + 1
    odd, random = log.new(release, until)["request_id"].to_list()
    rows = [
        LabelRow(endpoint="small", value=True, event_time=until - 1, at=until - 1, source=source, request_id=name)
        for name, source in ((odd, f"{CHOSEN}lb1"), (random, "labelling/lb1"))
    ]
    append_labels(world.workspace.stores.tables, rows)
    assert log.labelled(release, until)["request_id"].to_list() == [random]


def test_requests_of_another_release_are_left_out(world: World) -> None:
    world.serve(3)
    log = ReleaseLog(world.workspace, "rel_other")
    assert answers(log.new(under_way(world), world.workspace.clock.now() + 1)).height == 0
