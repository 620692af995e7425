"""Releases: how a version that passed its gate reaches all traffic, or does not."""

import msgspec

from loopwright.app.arms import current_arms, move_arms
from loopwright.app.loop import Loop
from loopwright.app.loop_run import Override
from loopwright.app.running_release import RunningRelease
from loopwright.app.versions import champion_of, manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ReleaseError
from loopwright.observations.request_log import read_requests
from loopwright.release.explain import Assumptions, explain
from loopwright.release.plan import Canary, ReleasePlan, plan_release
from loopwright.release.policy import start
from loopwright.release.routing import Arms

OVERRIDE_LASTS: Micros = 7 * 86_400 * SECOND
"""How long an override admits a version to canary: a release that has not ended by then ends inconclusive."""


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What starting a release did: `releasing` with its id, or `waiting` behind the one under way."""

    status: str
    release: str | None
    events: tuple[int, ...]


def first_champion(workspace: Workspace, loop: Loop, version: Digest, *, caused_by: tuple[int, ...]) -> tuple[int, ...]:
    """Make the first version champion and let it answer all requests; returns the events."""
    change = _Change(endpoint=loop.name, before=None, after=version, reason="first champion")
    return _move_champion(workspace, change, Arms.only_champion(loop.name, version), caused_by=caused_by)


def promote(workspace: Workspace, name: str, version: Digest, *, caused_by: tuple[int, ...]) -> tuple[int, ...]:
    """Make a version champion at once, for a loop that declares no release; returns the events."""
    arms, before = current_arms(workspace, name), champion_of(workspace, name)
    if arms is None or before is None:
        raise ReleaseError(f"{name!r} has no champion to follow")
    change = _Change(endpoint=name, before=before, after=version, reason="the loop declares no release")
    return _move_champion(workspace, change, arms.with_champion(version), caused_by=caused_by)


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an endpoint's champion."""

    endpoint: str
    before: Digest | None
    after: Digest
    reason: str


def _move_champion(workspace: Workspace, change: _Change, arms: Arms, *, caused_by: tuple[int, ...]) -> tuple[int, ...]:
    ref = workspace.ref("model", change.endpoint, "champion")
    draft = EventDraft(
        kind="ref_moved",
        subject=f"model:{change.endpoint}",
        data={"ref": ref, "from": change.before, "to": change.after, "reason": change.reason},
        caused_by=caused_by,
        actor=workspace.actor,
        logical_at=workspace.clock.now(),
    )
    return move_arms(workspace, arms, events=[draft], champion=(change.before, change.after))


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
    arms = current_arms(workspace, loop.name)
    if arms is None:
        raise ReleaseError(f"{loop.name!r} has no champion to stand beside")
    if running_release(workspace, loop.name) is not None:
        return Started(status="waiting", release=None, events=())
    now, champion = workspace.clock.now(), arms.champion.version
    plan = _plan(workspace, loop, champion=champion, candidate=version)
    if override is not None:
        plan = msgspec.structs.replace(plan, max_time=min(plan.max_time, OVERRIDE_LASTS))
    release = RunningRelease(
        id=workspace.ids("rel"),
        plan=plan,
        needs=needs_of(workspace, plan),
        state=start(plan, now),
        counted_until=now,
        labels_until=now,
    )
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
        arms.with_canary(version, plan.shares[0], release=release.id),
        events=[draft],
        records=[release.record(now)],
    )
    release = msgspec.structs.replace(release, event=moved[-1])
    workspace.stores.ledger.commit(records=[release.record(now)], durability="normal")
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


def running_release(workspace: Workspace, endpoint: str) -> RunningRelease | None:
    """The release under way, if any."""
    found = workspace.stores.ledger.search("release", where={"endpoint": endpoint, "status": "running"}, limit=1)
    return msgspec.convert(found[0].data, RunningRelease) if found else None


def needs_of(workspace: Workspace, plan: ReleasePlan) -> tuple[str, ...]:
    """What the release will need, in words, at the traffic of the last day."""
    day = 86_400 * SECOND
    since = workspace.clock.now() - day
    requests = read_requests(workspace.stores.tables, plan.endpoint, since=since, columns=["at"]).height or None
    return explain(plan, Assumptions(requests_per_day=requests)).lines()


def _loss_scale(workspace: Workspace, version: Digest) -> float | None:
    """The labels' standard deviation on the champion's holdout, from its RMSE and R²."""
    reference = reference_of(workspace, manifest_of(workspace, version))
    quality = reference.quality if reference else {}
    if "rmse" not in quality or quality.get("r2", 1.0) >= 1.0:
        return None
    return float(quality["rmse"] / (1.0 - quality["r2"]) ** 0.5)
