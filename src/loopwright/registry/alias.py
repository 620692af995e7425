"""Aliases: `NAME@champion` points at a version, moved by compare-and-set only, each move an event with its causes."""

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.events import Event, EventDraft
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError
from loopwright.registry.version import find_version, ref_name
from loopwright.store.ledger import Ledger

CHAMPION = "champion"


class AliasMove(msgspec.Struct, frozen=True, kw_only=True):
    """A wish to move an alias.

    Attributes:
        name: The model.
        to: The version's digest; None takes the alias away.
        expect: Where the alias points now; None: nowhere.
        reason: Why, in a few words without row content.
        caused_by: Events that led to it.
    """

    name: str
    to: Digest | None
    expect: Digest | None
    reason: str
    alias: str = CHAMPION
    caused_by: tuple[int, ...] = ()
    actor: str = "system"
    namespace: str = "default"


class PastMove(msgspec.Struct, frozen=True, kw_only=True):
    """One move of an alias that was made: `seq` is its event."""

    to: Digest | None
    number: int | None
    at: Micros
    seq: int


def move_alias(ledger: Ledger, move: AliasMove) -> Event:
    """Move an alias, with event `ref_moved`.

    Raises:
        NotFoundError: `to` is no version of this model.
        ConflictError: The alias does not point at `expect` (any more).
    """
    if move.to is not None and find_version(ledger, move.to, name=move.name, namespace=move.namespace) is None:
        raise NotFoundError(
            f"{move.to[:12]} is no version of the model {move.name!r}",
            fix="Register the version before pointing at it.",
        )
    ref = ref_name(move.name, move.alias, move.namespace)
    draft = EventDraft(
        kind="ref_moved",
        subject=f"model:{move.name}",
        data={"ref": ref, "from": move.expect, "to": move.to, "reason": move.reason},
        caused_by=move.caused_by,
        actor=move.actor,
        namespace=move.namespace,
    )
    return ledger.commit(expect={ref: move.expect}, moves={ref: move.to}, events=[draft])[0]


def alias_target(ledger: Ledger, name: str, *, alias: str = CHAMPION, namespace: str = "default") -> Digest | None:
    """The digest that `NAME@ALIAS` points at, or None."""
    return ledger.ref(ref_name(name, alias, namespace))


def aliases(ledger: Ledger, name: str, *, namespace: str = "default") -> dict[str, Digest]:
    """Every alias of a model and where it points."""
    prefix = ref_name(name, "", namespace)
    return {ref.removeprefix(prefix): target for ref, target in ledger.refs(prefix).items()}


def alias_history(
    ledger: Ledger, name: str, *, alias: str = CHAMPION, namespace: str = "default"
) -> tuple[PastMove, ...]:
    """Every move of an alias, oldest first."""
    return tuple(
        PastMove(
            to=move.target,
            number=_number(ledger, name, digest=move.target, namespace=namespace),
            at=move.at,
            seq=move.seq,
        )
        for move in ledger.history(ref_name(name, alias, namespace))
    )


def _number(ledger: Ledger, name: str, *, digest: Digest | None, namespace: str) -> int | None:
    version = find_version(ledger, digest, name=name, namespace=namespace) if digest else None
    return version.number if version else None
