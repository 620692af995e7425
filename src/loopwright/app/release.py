"""Starting a release: a version that passed its gate gets its first share of the traffic, or waits for its turn."""

import msgspec

from loopwright.app.arms import current_arms, move_arms
from loopwright.app.kill_switch import kill_switch, not_killed
from loopwright.app.loop import Loop
from loopwright.app.loop_run import Override
from loopwright.app.running_release import Entry, RunningRelease, running_release, turn_of, turn_ref
from loopwright.app.versions import manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ReleaseError
from loopwright.release.explain import Assumptions, explain
from loopwright.release.plan import Canary, ReleasePlan, plan_release
from loopwright.release.policy import start

OVERRIDE_LASTS: Micros = 7 * 86_400 * SECOND
"""How long an override admits a version to canary: a release that has not ended by then ends inconclusive."""


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What starting a release did: `releasing` with its id, or `waiting` behind the one under way."""

    status: str
    release: str | None
    events: tuple[int, ...]


def start_release(
    workspace: Workspace, loop: Loop, version: Digest, *, caused_by: tuple[int, ...], override: Override | None = None
) -> Started:
    """Put a version beside the champion, at the first step's share.

    Args:
        workspace: The workspace.
        loop: The loop, whose `release` is the declaration; one step of 5 % under an override where it declares none.
        version: The registered version.
        caused_by: Events that led to it.
        override: Set where the gate did not pass.

    Raises:
        ReleaseError: There is no champion to stand beside.
    """
    turn = turn_of(workspace, loop.name)
    arms = current_arms(workspace, loop.name)
    if arms is None:
        raise ReleaseError(f"{loop.name!r} has no champion to stand beside")
    if running_release(workspace, loop.name) is not None or kill_switch(workspace, loop.name) is not None:
        return Started(status="waiting", release=None, events=())
    now, champion = workspace.clock.now(), arms.champion.version
    plan = _plan(workspace, loop, champion=champion, candidate=version)
    if override is not None:
        plan = msgspec.structs.replace(plan, max_time=min(plan.max_time, OVERRIDE_LASTS))
    following = arms.with_canary(version, plan.shares[0], release=workspace.ids("rel"))
    release = RunningRelease(
        id=str(following.release),
        plan=plan,
        needs=needs_of(workspace, plan),
        state=start(plan, now),
        counted_until=now,
        labels_until=now,
        settled_until=now // SECOND * SECOND,
    )
    shares = {arm.name: arm.share for arm in following.arms}
    release = release.moved(Entry(at=now, decision="start", actor=workspace.actor, shares=shares))
    data = {
        "endpoint": loop.name,
        "candidate": version,
        "champion": champion,
        "share": plan.shares[0],
        "override": override is not None,
    }
    draft = EventDraft(
        kind="release_started",
        subject=f"release:{release.id}",
        data=data,
        caused_by=caused_by,
        actor=workspace.actor,
        logical_at=now,
    )
    moved = move_arms(
        workspace,
        following,
        events=[draft],
        records=[release.record(now)],
        moves={turn_ref(workspace, loop.name): (turn, release.turn), **not_killed(workspace, loop.name)},
    )
    return Started(status="releasing", release=release.id, events=moved)


def _plan(workspace: Workspace, loop: Loop, *, champion: Digest, candidate: Digest) -> ReleasePlan:
    return plan_release(
        loop.release or Canary(steps=(5, 100)),
        endpoint=loop.name,
        champion=champion,
        candidate=candidate,
        task=manifest_of(workspace, candidate).signature.task,
        loss_scale=_loss_scale(workspace, champion),
    )


def needs_of(workspace: Workspace, plan: ReleasePlan) -> tuple[str, ...]:
    """What the release will need, in words, at the traffic of the last day."""
    day = 86_400 * SECOND
    rows = workspace.stores.tables.scan("requests", columns=["endpoint"], since=workspace.clock.now() - day)
    requests = sum(1 for name in rows["endpoint"] if name == plan.endpoint) or None
    return explain(plan, Assumptions(requests_per_day=requests)).lines()


def _loss_scale(workspace: Workspace, version: Digest) -> float | None:
    """The labels' standard deviation on the champion's holdout, from its RMSE and R²."""
    reference = reference_of(workspace, manifest_of(workspace, version))
    quality = reference.quality if reference else {}
    if "rmse" not in quality or quality.get("r2", 1.0) >= 1.0:
        return None
    return float(quality["rmse"] / (1.0 - quality["r2"]) ** 0.5)
