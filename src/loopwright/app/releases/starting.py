"""Starting a release: registered versions get their first share of the traffic, or wait for their turn."""

from collections.abc import Mapping

import msgspec

from loopwright.app.arms import current_arms, move_arms
from loopwright.app.loop import Loop
from loopwright.app.loop_run import Override
from loopwright.app.releases.kill_switch import kill_switch, not_killed
from loopwright.app.releases.running import Entry, RunningRelease, running_release, turn_of, turn_ref
from loopwright.app.releases.waiting import WaitingVersion, wait, waiting
from loopwright.app.versions import manifest_of, reference_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros, iso
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import ApprovalMissingError, ConflictError, ReleaseError, UsageError
from loopwright.observations.request_log import read_requests, stood_for
from loopwright.release.explain import Assumptions, explain
from loopwright.release.freeze import frozen_until
from loopwright.release.plan import ReleasePlan, plan_release
from loopwright.release.policy import start, wanted
from loopwright.release.strategy import Canary, Shadow, Strategy

OVERRIDE_LASTS: Micros = 7 * 86_400 * SECOND
"""How long an override admits a version to canary: it starts no release after that, and one that has not ended by then
ends inconclusive."""
UNDECLARED = Canary(steps=(5, 100))
"""How a version is released by hand, or by an override, where the loop declares no release."""
_DAY: Micros = 86_400 * SECOND


class Started(msgspec.Struct, frozen=True, kw_only=True):
    """What starting a release did: `releasing` with its id, or `waiting` and for what."""

    status: str
    release: str | None
    events: tuple[int, ...]
    reason: str = ""


class Beginning(msgspec.Struct, frozen=True, kw_only=True):
    """Who starts a release, why, and after which events.

    Attributes:
        actor: The person, or `controller`.
        reason: For the record.
        caused_by: Events that led to it.
        override: Whether somebody's word let the version through its gate.
        waited: What waited for its turn until now: the version released, and those that it supersedes.
    """

    actor: str
    reason: str
    caused_by: tuple[int, ...] = ()
    override: bool = False
    waited: tuple[WaitingVersion, ...] = ()


def start_release(
    workspace: Workspace, loop: Loop, version: Digest, *, caused_by: tuple[int, ...], override: Override | None = None
) -> Started:
    """Release a version that was let through its gate, or let it wait where it may not start now.

    Args:
        workspace: The workspace.
        loop: The loop, whose `release` is the declaration.
        version: The registered version.
        caused_by: Events that led to it.
        override: Set where the gate did not pass.

    Raises:
        ReleaseError: There is no champion to stand beside.
    """
    strategy = declared(loop, override=override is not None)
    why = hindrance(workspace, loop.name, strategy)
    if why:
        events = wait(workspace, loop.name, version, why=why, caused_by=caused_by, override=override is not None)
        return Started(status="waiting", release=None, events=events, reason=why)
    plan = plan_of(workspace, loop.name, strategy, versions=version)
    reason = f"override: {override.reason}" if override else "its gate let it through"
    by = Beginning(actor=workspace.actor, reason=reason, caused_by=caused_by, override=override is not None)
    try:
        return begin_release(workspace, plan, by)
    except ConflictError:
        why = "another release began at the same time"
        events = wait(workspace, loop.name, version, why=why, caused_by=caused_by, override=override is not None)
        return Started(status="waiting", release=None, events=events, reason=why)


def release_waiting(workspace: Workspace, loop: Loop) -> Started | None:
    """Release the newest version that waits, if nothing is in its way any more; the others are superseded."""
    waits = waiting(workspace, loop.name)
    strategy = declared(loop, override=bool(waits) and waits[0].override)
    if not waits or hindrance(workspace, loop.name, strategy):
        return None
    newest, others = waits[0], tuple(one.turned("superseded") for one in waits[1:])
    try:
        plan = plan_of(workspace, loop.name, strategy, versions=newest.version)
    except UsageError:  # it is the champion by now, or the strategy has changed and takes it no more
        dropped = [newest.turned("superseded"), *others]
        workspace.stores.ledger.commit(records=[one.record() for one in dropped])
        return None
    by = Beginning(
        actor="controller",
        reason="it waited for its turn",
        caused_by=(newest.event,) if newest.event else (),
        override=newest.override,
        waited=(newest.turned("released"), *others),
    )
    try:
        return begin_release(workspace, plan, by)
    except ApprovalMissingError:  # it waited longer than the word lasts that let it through its gate
        workspace.stores.ledger.commit(records=[newest.turned("superseded").record()])
        return None
    except ConflictError:
        return None  # somebody was faster; it goes on waiting


def declared(loop: Loop, *, override: bool) -> Strategy:
    """How the loop releases a version; on somebody's word alone by steps, where the loop would switch at once."""
    strategy: Strategy = loop.release or UNDECLARED
    return UNDECLARED if override and not _by_steps(strategy) else strategy


def _by_steps(strategy: Strategy) -> bool:
    """Whether a version gets all traffic by this only after guards have seen it at a smaller share."""
    if isinstance(strategy, Shadow):
        return strategy.then is None or _by_steps(strategy.then)
    return isinstance(strategy, Canary)


def hindrance(workspace: Workspace, endpoint: str, strategy: Strategy) -> str:
    """Why no release may start now, in words; empty where one may.

    Raises:
        ReleaseError: There is no champion to stand beside.
    """
    if current_arms(workspace, endpoint) is None:
        raise ReleaseError(f"{endpoint!r} has no champion to stand beside")
    under_way = running_release(workspace, endpoint)
    if under_way is not None:
        return f"the release {under_way.id} is under way"
    switch = kill_switch(workspace, endpoint)
    if switch is not None:
        return f"releases are stopped: {switch.reason}"
    until = frozen_until(strategy.freeze, workspace.clock.now())
    return f"frozen until {iso(until)}" if until is not None else ""


def plan_of(
    workspace: Workspace, endpoint: str, strategy: Strategy, *, versions: Digest | Mapping[str, Digest]
) -> ReleasePlan:
    """The plan of releasing a version, or several by the names of their arms.

    Raises:
        ReleaseError: There is no champion to stand beside.
        UsageError: The strategy does not take these versions.
    """
    arms = current_arms(workspace, endpoint)
    if arms is None:
        raise ReleaseError(f"{endpoint!r} has no champion to stand beside")
    champion = arms.champion.version
    return plan_release(
        strategy,
        endpoint=endpoint,
        champion=champion,
        candidate=versions,
        task=manifest_of(workspace, champion).signature.task,
        loss_scale=_loss_scale(workspace, champion),
    )


def begin_release(workspace: Workspace, plan: ReleasePlan, by: Beginning) -> Started:
    """Give the plan's candidates what the strategy begins with, in one commit.

    Raises:
        ConflictError: Another release has started, or the kill switch was turned on, meanwhile.
        ReleaseError: A release is under way, or the champion is not the plan's any more.
        ApprovalMissingError: The word that let a version through its gate has expired.
    """
    turn = turn_of(workspace, plan.endpoint)
    arms = current_arms(workspace, plan.endpoint)
    if arms is None or arms.champion.version != plan.champion or running_release(workspace, plan.endpoint) is not None:
        raise ReleaseError(
            f"the release of {plan.endpoint!r} cannot start", why="another one is under way, or the champion has moved"
        )
    now = workspace.clock.now()
    if by.override:
        if not _by_steps(plan.strategy):
            raise ReleaseError(
                "this strategy may give all traffic to a version that its gate refused",
                why="somebody's word admits a version to a canary, and no further",
                fix="Release it with --strategy canary.",
            )
        until = admitted_until(workspace, tuple(plan.candidates.values()))
        plan = msgspec.structs.replace(plan, limit=OVERRIDE_LASTS if until is None else until - now)
    state = start(plan, now)
    following = arms.with_arms(wanted(plan, state), release=workspace.ids("rel"), unit=plan.unit, cohort=plan.cohort)
    shares = {arm.name: arm.share for arm in following.arms}
    release = RunningRelease(
        id=str(following.release),
        plan=plan,
        needs=needs_of(workspace, plan),
        state=state,
        counted_until=now,
        labels_until=now,
        settled_until=now // SECOND * SECOND,
    ).moved(Entry(at=now, decision="start", actor=by.actor, shares=shares, reasons=(by.reason,)))
    draft = EventDraft(
        kind="release_started",
        subject=f"release:{release.id}",
        data=_said(release, by),
        caused_by=by.caused_by,
        actor=by.actor,
        logical_at=now,
    )
    moved = move_arms(
        workspace,
        following,
        events=[draft],
        records=[release.record(now), *(one.record() for one in by.waited)],
        moves={turn_ref(workspace, plan.endpoint): (turn, release.turn), **not_killed(workspace, plan.endpoint)},
    )
    return Started(status="releasing", release=release.id, events=moved)


def admitted_until(workspace: Workspace, versions: tuple[Digest, ...]) -> int | None:
    """When the word expires that let one of the versions through its gate; None where all passed it.

    Raises:
        ApprovalMissingError: It has expired.
    """
    words = [
        record.data
        for version in versions
        for record in workspace.stores.ledger.search("override", where={"version": version}, limit=1)
    ]
    if not words:
        return None
    expires = min(int(word["expires_at"]) for word in words)
    if expires <= workspace.clock.now():
        raise ApprovalMissingError(
            "the word that let this version through its gate has expired",
            why="; ".join(f"{word['actor']}: {word['reason']}" for word in words),
            fix="Run the loop again with --override, or release a version that passed.",
        )
    return expires


def _said(release: RunningRelease, by: Beginning) -> dict[str, object]:
    plan = release.plan
    return {
        "endpoint": plan.endpoint,
        "strategy": str(type(plan.strategy).__struct_config__.tag),
        "candidate": plan.candidate,
        "candidates": plan.candidates,
        "champion": plan.champion,
        "share": sum(arm.share for arm in wanted(plan, release.state) if arm.role in ("canary", "variant")),
        "override": by.override,
        "reason": by.reason,
        "superseded": [one.version for one in by.waited if one.status == "superseded"],
    }


def needs_of(workspace: Workspace, plan: ReleasePlan) -> tuple[str, ...]:
    """What the release will need, in words, at the traffic of the last day."""
    since = workspace.clock.now() - _DAY
    rows = read_requests(workspace.stores.tables, plan.endpoint, since=since, columns=["weight"])
    requests = stood_for(rows) or None
    return explain(plan, Assumptions(requests_per_day=requests)).lines()


def _loss_scale(workspace: Workspace, version: Digest) -> float | None:
    """The labels' standard deviation on the champion's holdout, from its RMSE and R²."""
    reference = reference_of(workspace, manifest_of(workspace, version))
    quality = reference.quality if reference else {}
    if "rmse" not in quality or quality.get("r2", 1.0) >= 1.0:
        return None
    return float(quality["rmse"] / (1.0 - quality["r2"]) ** 0.5)
