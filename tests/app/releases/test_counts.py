"""Counts of a release from a cursor: the same sums as from the beginning, whatever was written late."""

import dataclasses
from typing import Any

import msgspec
from tests.app.releases.test_operations import Desk

from loopwright.app.clock import set_clock
from loopwright.app.releases.counts import LATE_S, added, counts_of, since
from loopwright.app.releases.running import RunningRelease, running_release
from loopwright.core.clock import SECOND
from loopwright.observations.arm_stats import ArmTotals, read_arm_stats, totals
from loopwright.testing.clocks import ManualClock

Project = Any


def remembered(release: RunningRelease, counts: Any) -> RunningRelease:
    return msgspec.structs.replace(
        release, totals=counts.totals, settled=counts.settled, settled_until=counts.settled_until
    )


def test_a_cursor_finds_what_a_reading_from_the_start_finds(project: Project) -> None:
    desk = Desk(project)
    clock = ManualClock(desk.workspace.clock.now())
    desk.workspace = dataclasses.replace(desk.workspace, clock=clock)
    release = running_release(desk.workspace, "small")
    assert release is not None
    cursors = []
    for step in range(12):
        desk.traffic(10 + step, failed=step)
        clock.sleep(30)
        counts = counts_of(desk.workspace, release)
        release = remembered(release, counts)
        cursors.append(counts.settled_until)
    whole = totals(read_arm_stats(desk.workspace.stores.tables, "small", release=desk.release))
    assert release.totals == whole
    assert cursors == sorted(cursors)
    late = (desk.workspace.settings.number("request_timeout_s") + LATE_S) * SECOND
    assert cursors[-1] >= clock.now() - late - SECOND, "the cursor follows the clock"


def test_counts_add_and_subtract_arm_by_arm() -> None:
    one, other = {"a": ArmTotals(requests=3, errors=1)}, {"a": ArmTotals(requests=4), "b": ArmTotals(requests=1)}
    both = added(one, other)
    assert (both["a"].requests, both["a"].errors, both["b"].requests) == (7, 1, 1)
    assert since(both, one)["a"].requests == 4
    assert since(both, {})["b"].requests == 1


def test_in_a_replay_nothing_settles_because_its_clock_runs_ahead(replayed: Project) -> None:
    desk = Desk(replayed)
    release = running_release(desk.workspace, "small")
    assert release is not None
    set_clock(desk.workspace.stores, desk.workspace.clock.now() + 86_400 * SECOND)
    assert counts_of(desk.workspace, release).settled_until == release.settled_until
