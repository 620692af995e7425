"""Counts of a release's arms, read from where they can still change: a long release costs no more than a new one."""

from collections.abc import Mapping

import msgspec

from loopwright.app.releases.running import RunningRelease
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.observations.arm_stats import COUNTS, ArmTotals, read_arm_stats, totals

LATE_S = 60.0
"""By how much longer than a request may take a worker's counts may be late; later ones are not seen any more."""
Totals = Mapping[str, ArmTotals]


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts by arm over the release, and how much of them is settled.

    Attributes:
        totals: Over the release until now.
        settled: Over what was received before `settled_until`.
        settled_until: Nothing that was received before will be counted any more.
    """

    totals: dict[str, ArmTotals]
    settled: dict[str, ArmTotals]
    settled_until: Micros


def counts_of(workspace: Workspace, release: RunningRelease) -> Counts:
    """Count what the workers have written by now."""
    since = release.settled_until or release.state.started_at // SECOND * SECOND
    stats = read_arm_stats(workspace.stores.tables, release.plan.endpoint, release=release.id, since=since)
    # A replay's clock runs ahead of its workers' writing: there, all of a release stays open.
    late = int((workspace.settings.number("request_timeout_s") + LATE_S) * SECOND)
    cut = since if workspace.stores.replay else max(since, (workspace.clock.now() - late) // SECOND * SECOND)
    old = stats["at"] < cut
    settled = added(release.settled, totals(stats.filter(old)))
    return Counts(totals=added(settled, totals(stats.filter(~old))), settled=settled, settled_until=cut)


def added(one: Totals, other: Totals) -> dict[str, ArmTotals]:
    """Both counts together, arm by arm."""
    return {arm: _combined(one.get(arm), other.get(arm), sign=1) for arm in dict.fromkeys([*one, *other])}


def since(now: Totals, before: Totals) -> dict[str, ArmTotals]:
    """What came in between two looks, arm by arm."""
    return {arm: _combined(counts, before.get(arm), sign=-1) for arm, counts in now.items()}


def _combined(one: ArmTotals | None, other: ArmTotals | None, *, sign: int) -> ArmTotals:
    one, other = one or ArmTotals(), other or ArmTotals()
    pairs = zip(one.latency_us_buckets, other.latency_us_buckets, strict=True)
    buckets = tuple(a + sign * b for a, b in pairs)
    counts = {name: getattr(one, name) + sign * getattr(other, name) for name in COUNTS}
    return ArmTotals(**counts, latency_us_buckets=buckets)
