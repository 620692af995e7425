"""Aliases of prompts: moved with a reason, protected by evaluations, and where they pointed before."""

from typing import Any

import msgspec

from loopwright.app.prompts.evidence import Said, last_verdict
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome
from loopwright.errors import GateFailedError, NotFoundError, NoVerdictError, UsageError
from loopwright.llm.prompts.registry import LATEST, PromptVersion, find_version, ref_of, version_of_digest
from loopwright.store.ledger import Record

PROTECTION = "prompt_protection"
_ALIAS_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


class AliasMoved(msgspec.Struct, frozen=True, kw_only=True):
    """An alias that moved.

    Attributes:
        name: The prompt.
        alias: Its alias.
        before: Where it pointed; None: nowhere.
        now: Where it points.
        number: Of the version.
        override: Why it moved though its evaluation did not pass; empty where it did, or none protects it.
        event: The event that says so.
    """

    name: str
    alias: str
    before: Digest | None
    now: Digest
    number: int
    override: str
    event: int


class AliasMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move of the past: who, when, why."""

    number: int | None
    digest: Digest | None
    at: Micros
    actor: str
    reason: str
    override: str
    event: int


def move_alias(workspace: Workspace, selector: str, alias: str, *, reason: str, override: str = "") -> AliasMoved:
    """Point an alias at a version.

    Args:
        workspace: The workspace.
        selector: The version, as `find_version` takes it.
        alias: Lower-case letters, digits, '-' and '_'; `latest` moves by itself.
        reason: Why, for the journal.
        override: Why it may move though the evaluation that protects it did not pass. It is recorded.

    Raises:
        NotFoundError: There is no such version.
        UsageError: No alias can have this name, or it points there already.
        GateFailedError: The evaluation that protects the alias failed for this version.
        NoVerdictError: It has not judged this version, or could not.
        ConflictError: The alias moved meanwhile.
    """
    if not alias or alias == LATEST or not set(alias) <= _ALIAS_LETTERS or alias.isdecimal():
        raise UsageError(
            f"no alias of a prompt can be moved as {alias!r}", why="`latest` and numbers move by themselves"
        )
    ledger, namespace = workspace.stores.ledger, workspace.namespace
    version = find_version(ledger, selector, namespace=namespace)
    ref = ref_of(version.name, alias, namespace)
    before = ledger.ref(ref)
    if before == version.digest:
        raise UsageError(
            f"{version.name}@{alias} points at version {version.number} already", fix="Nothing is left to do."
        )
    by = protection_of(workspace, version.name, alias)
    passed = _admitted(workspace, version, alias=alias, by=by, override=override) if by else ""
    data: dict[str, Any] = {
        "ref": ref, "from": before, "to": version.digest, "number": version.number, "reason": reason, "by": by,
        "override": override if by and not passed else "", "judged": passed,
    }  # fmt: skip
    draft = _draft(workspace, "prompt_moved", prompt=version.name, data=data)
    written = ledger.commit(expect={ref: before}, moves={ref: version.digest}, events=[draft])
    return AliasMoved(
        name=version.name, alias=alias, before=before, now=version.digest, number=version.number,
        override=data["override"], event=written[0].seq,
    )  # fmt: skip


def protect_alias(workspace: Workspace, name: str, alias: str, *, by: str | None) -> int:
    """Let an alias move only to versions that an evaluation passed; from now on, or (`by` None) no more.

    Returns:
        The event that says so.

    Raises:
        NotFoundError: There is no such prompt.
    """
    find_version(workspace.stores.ledger, name, namespace=workspace.namespace)
    kind = "prompt_protected" if by else "prompt_unprotected"
    before = protection_of(workspace, name, alias)
    draft = _draft(workspace, kind, prompt=name, data={"alias": alias, "by": by or "", "before": before})
    record = Record(
        kind=PROTECTION, id=_protection_id(workspace, name, alias), data={"by": by or ""},
        facets={"name": name, "alias": alias, "namespace": workspace.namespace},
    )  # fmt: skip
    return workspace.stores.ledger.commit(records=[record], events=[draft])[0].seq


def protection_of(workspace: Workspace, name: str, alias: str) -> str:
    """The evaluation that protects an alias; empty where none does."""
    record = workspace.stores.ledger.record(PROTECTION, _protection_id(workspace, name, alias))
    return "" if record is None else str(record.data.get("by", ""))


def alias_history(workspace: Workspace, name: str, alias: str) -> tuple[AliasMove, ...]:
    """Every move of an alias, oldest first.

    Raises:
        NotFoundError: It never pointed anywhere.
    """
    ledger, namespace = workspace.stores.ledger, workspace.namespace
    moves = ledger.history(ref_of(name, alias, namespace))
    if not moves:
        raise NotFoundError(f"{name}@{alias} never pointed anywhere", fix=f"Run `loopwright prompt show {name}`.")
    past = []
    for move in moves:
        event = next(iter(ledger.read(after=move.seq - 1, limit=1)), None)
        version = version_of_digest(ledger, name, move.target, namespace=namespace) if move.target else None
        said = event.data if event is not None else {}
        past.append(
            AliasMove(
                number=version.number if version is not None else None, digest=move.target, at=move.at,
                actor=event.actor if event is not None else "", reason=str(said.get("reason", "")),
                override=str(said.get("override", "")), event=move.seq,
            )
        )  # fmt: skip
    return tuple(past)


def _admitted(workspace: Workspace, version: PromptVersion, *, alias: str, by: str, override: str) -> str:
    """What passed the version: the digest that was judged; empty where an override takes its place."""
    said = last_verdict(workspace, version.digest, evaluation=by)
    if said is not None and said.verdict.outcome in (Outcome.PASS, Outcome.WARN):
        return said.candidate
    if override:
        return ""
    place = f"{version.name}@{alias}"
    fix = (
        f"Give an evaluation this name (`evals.evaluation(…, name={by!r})`) in the gate of an application with this "
        "version and run `loopwright run`, or record an override with --override REASON."
    )
    if said is None:
        raise NoVerdictError(
            f"{place} cannot move to version {version.number}: the evaluation {by!r} has not judged it", fix=fix,
            alias=alias, evaluation=by, number=version.number,
        )  # fmt: skip
    raise _refusal(said)(
        f"{place} cannot move to version {version.number}: the evaluation {by!r} says {said.verdict.outcome}",
        why=said.verdict.reason, fix=fix, alias=alias, evaluation=by, number=version.number,
    )  # fmt: skip


def _refusal(said: Said) -> type[GateFailedError] | type[NoVerdictError]:
    return GateFailedError if said.verdict.outcome is Outcome.FAIL else NoVerdictError


def _draft(workspace: Workspace, kind: str, *, prompt: str, data: dict[str, Any]) -> EventDraft:
    return EventDraft(
        kind=kind, subject=f"prompt:{prompt}", data=data, actor=workspace.actor, namespace=workspace.namespace,
        logical_at=workspace.clock.now(),
    )  # fmt: skip


def _protection_id(workspace: Workspace, name: str, alias: str) -> str:
    return f"{workspace.namespace}/{name}@{alias}"
