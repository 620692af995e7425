"""A release that a person asks for: any registered versions, by any strategy, planned before it starts."""

from typing import Any

import msgspec

from loopwright.app.loop import Loop
from loopwright.app.releases.starting import (
    UNDECLARED,
    Beginning,
    Started,
    admitted_until,
    begin_release,
    hindrance,
    needs_of,
    plan_of,
)
from loopwright.app.versions import registered_version
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import ReleaseError, UsageError
from loopwright.registry.version import find_version
from loopwright.release.plan import ReleasePlan
from loopwright.release.strategy import ABTest, Bandit, BlueGreen, Canary, Shadow, Strategy

_KINDS: tuple[type[Strategy], ...] = (Canary, BlueGreen, Shadow, ABTest, Bandit)
STRATEGIES: dict[str, type[Strategy]] = {str(kind.__struct_config__.tag): kind for kind in _KINDS}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked for.

    Attributes:
        versions: As `registered_version` takes them; the latest where none is named.
        strategy: By name; the loop's own where None.
        fields: Fields of the strategy that are to be different.
        reason: For the record.
        actor: Who asks; the workspace's own actor where None.
    """

    versions: tuple[str, ...] = ()
    strategy: str | None = None
    fields: dict[str, Any] = {}
    reason: str = ""
    actor: str | None = None


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """A release before it starts.

    Attributes:
        endpoint: Where.
        strategy: By name.
        champion: Who answers now.
        candidates: The versions, by the names of their arms.
        needs: What each step and each guard will need, in words.
        plan: In full.
        blocked: Why it could not start now; empty where it could.
    """

    endpoint: str
    strategy: str
    champion: Digest
    candidates: dict[str, Digest]
    needs: tuple[str, ...]
    plan: ReleasePlan
    blocked: str = ""


def plan_asked(workspace: Workspace, loop: Loop, asked: Asked) -> Planned:
    """What a release would be; nothing moves.

    Raises:
        NotFoundError: A version is not registered.
        UsageError: There is no such strategy, or it does not take these versions or fields.
        ReleaseError: There is no champion to stand beside.
        ApprovalMissingError: The word that let a version through its gate has expired.
    """
    strategy = strategy_of(loop, asked)
    versions = _versions(workspace, loop.name, asked)
    plan = plan_of(workspace, loop.name, strategy, versions=versions)
    admitted_until(workspace, tuple(plan.candidates.values()))
    return Planned(
        endpoint=loop.name,
        strategy=str(type(plan.strategy).__struct_config__.tag),
        champion=plan.champion,
        candidates=plan.candidates,
        needs=needs_of(workspace, plan),
        plan=plan,
        blocked=hindrance(workspace, loop.name, strategy),
    )


def start_asked(workspace: Workspace, loop: Loop, asked: Asked) -> Started:
    """Start it.

    Raises:
        ReleaseError: It may not start now. As `plan_asked` otherwise.
    """
    planned = plan_asked(workspace, loop, asked)
    if planned.blocked:
        raise ReleaseError(
            f"no release of {loop.name!r} can start now",
            why=planned.blocked,
            fix="Wait, or end what is in the way: `loopwright release abort`, `loopwright release unkill`.",
        )
    override = admitted_until(workspace, tuple(planned.candidates.values())) is not None
    by = Beginning(actor=asked.actor or workspace.actor, reason=asked.reason, override=override)
    return begin_release(workspace, planned.plan, by)


def strategy_of(loop: Loop, asked: Asked) -> Strategy:
    """The strategy that is meant: the loop's own, or its kind's defaults, with the fields that are to be different.

    Raises:
        UsageError: There is no such strategy, or a field is none of its, or is needed and missing.
    """
    declared: Strategy = loop.release or UNDECLARED
    kind = STRATEGIES.get(asked.strategy) if asked.strategy else type(declared)
    if kind is None:
        raise UsageError(f"there is no strategy {asked.strategy!r}", fix=f"Choose one of {', '.join(STRATEGIES)}.")
    unknown = [name for name in asked.fields if name not in kind.__struct_fields__]
    if unknown:
        raise UsageError(
            f"{kind.__name__} has no field {unknown[0]!r}", why=f"it has {', '.join(kind.__struct_fields__)}"
        )
    base = msgspec.to_builtins(declared) if isinstance(declared, kind) else {"strategy": asked.strategy}
    try:
        return msgspec.convert({**base, **asked.fields}, kind)
    except msgspec.ValidationError as error:
        cause = error.__cause__
        if isinstance(cause, UsageError):
            raise cause from None
        raise UsageError(f"{kind.__name__} does not take these fields", why=str(error)) from error


def _versions(workspace: Workspace, model: str, asked: Asked) -> Digest | dict[str, Digest]:
    found = [registered_version(workspace, model, text) for text in asked.versions or ("@latest",)]
    if len(found) == 1:
        return found[0]
    known = [find_version(workspace.stores.ledger, v, name=model, namespace=workspace.namespace) for v in found]
    return {f"v{one.number}" if one else v[:8]: v for one, v in zip(known, found, strict=True)}
