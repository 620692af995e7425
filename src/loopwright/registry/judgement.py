"""Judgements: what a gate said about a candidate. Records about a digest, never part of it."""

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.events import Event, EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome, Verdict
from loopwright.store.ledger import Ledger, Record

KIND = "judgement"


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """One gate's answer.

    Attributes:
        id: New for each judgement, as `jud_…`.
        name: The model.
        candidate: The bundle judged.
        champion: The bundle it was compared with, if there was one.
        evidence: Digest of the holdout it was judged on.
    """

    id: str
    name: str
    candidate: Digest
    outcome: Outcome
    verdicts: tuple[Verdict, ...]
    champion: Digest | None = None
    evidence: Digest | None = None
    run: str = ""
    at: Micros = 0


def record_judgement(
    ledger: Ledger,
    judgement: Judgement,
    *,
    caused_by: tuple[int, ...] = (),
    actor: str = "system",
    namespace: str = "default",
) -> Event:
    """Write a judgement down, with event `gate_judged`."""
    draft = EventDraft(
        kind="gate_judged",
        subject=f"model:{judgement.name}",
        data={
            "judgement": judgement.id,
            "candidate": judgement.candidate,
            "champion": judgement.champion,
            "outcome": str(judgement.outcome),
            "checks": {verdict.check: str(verdict.outcome) for verdict in judgement.verdicts},
        },
        caused_by=caused_by,
        actor=actor,
        namespace=namespace,
    )
    facets: dict[str, str | float | int | bool] = {
        "name": judgement.name, "candidate": judgement.candidate, "outcome": str(judgement.outcome),
        "run": judgement.run, "namespace": namespace,
    }  # fmt: skip
    record = Record(kind=KIND, id=judgement.id, data=msgspec.to_builtins(judgement), facets=facets)
    return ledger.commit(records=[record], events=[draft])[0]


def judgements(
    ledger: Ledger, *, name: str, candidate: Digest | None = None, namespace: str = "default", limit: int = 100
) -> tuple[Judgement, ...]:
    """Judgements of a model's candidates, newest first."""
    where: dict[str, str | float | int | bool] = {"name": name, "namespace": namespace}
    if candidate is not None:
        where["candidate"] = candidate
    found = ledger.search(KIND, where=where, limit=limit)
    return tuple(msgspec.structs.replace(msgspec.convert(record.data, Judgement), at=record.at) for record in found)
