"""What follows from a gate's word: a verdict written down, a version registered and released, or a refusal."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from loopwright.app.champion import first_champion, promote
from loopwright.app.default_answer import declare_default
from loopwright.app.loop import Loop
from loopwright.app.loop_run import Judged, Override
from loopwright.app.releases.starting import OVERRIDE_LASTS, start_release
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome
from loopwright.errors import ApprovalMissingError, GateFailedError, NoVerdictError
from loopwright.gates.gate import GateResult
from loopwright.pipelines.execute import RunResult
from loopwright.registry.judgement import Judgement, record_judgement
from loopwright.registry.version import Provenance, register_version
from loopwright.store.ledger import Record

Metrics = Mapping[str, float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """The way of one judged candidate to traffic, whatever it is made of.

    Attributes:
        workspace: The workspace.
        loop: Its loop.
        champion: What it was compared with; None where it would be the first.
        default: What is answered where no version can.
        done: The run that made it.
        evidence: Digest of what it was judged on.
        provenance: Where it comes from, with its figures.
        keep_origin: Writes down what `reproduce` needs.
    """

    workspace: Workspace
    loop: Loop
    champion: Digest | None
    default: dict[str, Any] | None
    done: RunResult
    evidence: Digest
    provenance: Callable[[Metrics], Provenance]
    keep_origin: Callable[[Digest], None]

    def follow(
        self, version: Digest, result: GateResult, metrics: Metrics, *, why: str = "", override: Override | None
    ) -> Judged:
        """Write the verdict down and do what follows from it.

        Raises:
            GateFailedError: A rule failed, and nobody overrode it.
            NoVerdictError: A rule had too little evidence, and nobody overrode it.
            ApprovalMissingError: An override was given where there is no champion to fall back on.
        """
        event = self._record(version, result)
        if result.passed:
            return self._admit(version, result, metrics, causes=(event,))
        if override is None:
            raise _refusal(self.loop.name, version, result, why=why)
        return self._overridden(version, result, metrics, event=event, override=override)

    def unchanged(self, champion: Digest) -> Judged:
        """The answer where the candidate is the champion already."""
        self._declare((self.done.events[1],))
        return Judged(version=champion, outcome=Outcome.PASS, verdicts=(), metrics={}, status="unchanged")

    def _record(self, version: Digest, result: GateResult) -> int:
        judgement = Judgement(
            id=self.workspace.ids("jud"),
            name=self.loop.name,
            candidate=version,
            outcome=result.outcome,
            verdicts=result.verdicts,
            champion=self.champion,
            evidence=self.evidence,
            run=self.done.run,
            at=self.workspace.clock.now(),
        )
        return record_judgement(
            self.workspace.stores.ledger,
            judgement,
            caused_by=(self.done.events[1],),
            actor=self.workspace.actor,
            namespace=self.workspace.namespace,
        ).seq

    def _admit(self, version: Digest, result: GateResult, metrics: Metrics, *, causes: tuple[int, ...]) -> Judged:
        number, registered = self._register(version, metrics, causes)
        status, release, moved = self._release(version, registered)
        return Judged(
            version=version,
            number=number,
            outcome=result.outcome,
            verdicts=result.verdicts,
            metrics=dict(metrics),
            status=status,
            release=release,
            events=(*causes, *registered, *moved),
        )

    def _register(self, version: Digest, metrics: Metrics, causes: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        registration = register_version(
            self.workspace.stores.ledger,
            name=self.loop.name,
            digest=version,
            provenance=self.provenance(metrics),
            caused_by=causes,
            actor=self.workspace.actor,
            namespace=self.workspace.namespace,
        )
        self.keep_origin(version)
        return registration.version.number, (registration.event.seq,) if registration.event else causes

    def _release(
        self, version: Digest, causes: tuple[int, ...], override: Override | None = None
    ) -> tuple[str, str | None, tuple[int, ...]]:
        if self.champion is None:
            made = first_champion(self.workspace, self.loop, version, default=self.default, caused_by=causes)
            return "champion", None, made
        self._declare(causes)
        if self.loop.release is None and override is None:
            return "promoted", None, promote(self.workspace, self.loop.name, version, caused_by=causes)
        started = start_release(self.workspace, self.loop, version, caused_by=causes, override=override)
        return started.status, started.release, started.events

    def _overridden(
        self, version: Digest, result: GateResult, metrics: Metrics, *, event: int, override: Override
    ) -> Judged:
        if self.champion is None:
            raise ApprovalMissingError(
                f"the first version of {self.loop.name!r} did not pass its gate",
                why="an override admits to canary only, beside a champion",
                fix="Improve the candidate, or change the gate's rules in the loop file.",
            )
        failed = [verdict.check for verdict in result.verdicts if verdict.outcome in (Outcome.FAIL, Outcome.UNKNOWN)]
        now = self.workspace.clock.now()
        expires_at = now + OVERRIDE_LASTS
        data = {"version": version, "reason": override.reason, "failed": failed, "expires_at": expires_at}
        draft = EventDraft(
            kind="override_recorded",
            subject=f"model:{self.loop.name}",
            data=data,
            caused_by=(event,),
            actor=override.actor,
            logical_at=now,
        )
        record = Record(
            kind="override",
            id=self.workspace.ids("ovr"),
            data=data | {"actor": override.actor},
            facets={"version": version},
            at=now,
        )
        written = self.workspace.stores.ledger.commit(records=[record], events=[draft])[0].seq
        number, registered = self._register(version, metrics, (event, written))
        status, release, moved = self._release(version, (*registered, written), override)
        return Judged(
            version=version,
            number=number,
            outcome=result.outcome,
            verdicts=result.verdicts,
            metrics=dict(metrics),
            status=status,
            release=release,
            events=(event, written, *registered, *moved),
        )

    def _declare(self, causes: tuple[int, ...]) -> tuple[int, ...]:
        return declare_default(self.workspace, self.loop.name, self.default, caused_by=causes)


def _refusal(name: str, version: Digest, result: GateResult, *, why: str) -> GateFailedError | NoVerdictError:
    wanted = Outcome.FAIL if result.outcome is Outcome.FAIL else Outcome.UNKNOWN
    said = [f"{verdict.check}: {verdict.reason}" for verdict in result.verdicts if verdict.outcome is wanted]
    reasons = "; ".join([*said, why] if why else said)
    context: dict[str, Any] = {
        "version": version,
        "verdicts": [v.check + " " + str(v.outcome) for v in result.verdicts],
    }
    if wanted is Outcome.FAIL:
        return GateFailedError(f"the candidate of {name!r} failed its gate", why=reasons, **context)
    return NoVerdictError(f"the gate of {name!r} came to no verdict", why=reasons, **context)
