"""A champion that cannot be started, or takes its worker down: known before it is loaded, and told to others."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from loopwright.core.clock import Clock
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError
from loopwright.release.routing import Arms
from loopwright.serving.deaths import DeathRule, read_deaths, too_many
from loopwright.store.ledger import Ledger, Record

KIND = "champion_failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChampionFailures:
    """What one worker knows of champions that fail. Safe from several threads.

    Attributes:
        ledger: Keeps what was found out, for other workers and the controller.
        run: Where deaths are noted.
        clock: The workspace's.
        machine: The machine's.
        worker: The worker's id.
        namespace: Prefix of every ref.
        rule: How many deaths are too many.
    """

    ledger: Ledger
    run: Path
    clock: Clock
    machine: Clock
    worker: str
    namespace: str = "default"
    rule: DeathRule = field(default_factory=DeathRule)

    def why(self, spec: Arms) -> str:
        """Why the champion of `spec` must not be started; empty where it may be.

        What a version did before it was made champion anew is forgotten.
        """
        endpoint, version = spec.endpoint, spec.champion.version
        record = self.ledger.record(KIND, f"{endpoint}/{version}")
        if record is not None and record.data.get("since") == self._since(endpoint):
            return str(record.data["why"])
        return too_many(read_deaths(self.run), endpoint, version, now=self.machine.now(), rule=self.rule)

    def tell(self, spec: Arms, *, cause: str, why: str) -> None:
        """Write `champion_failed` down, once for as long as this version is champion.

        Args:
            spec: The arms.
            cause: `crash`, or `load`.
            why: In words; may quote the model's own error.
        """
        endpoint, version, since = spec.endpoint, spec.champion.version, self._since(spec.endpoint)
        claim = f"{self.namespace}/{KIND}/{endpoint}@{version}"
        claimed = self.ledger.ref(claim)
        if claimed == str(since):
            return
        data = {
            "endpoint": endpoint,
            "version": version,
            "release": spec.release,
            "cause": cause,
            "worker": self.worker,
            "instead": spec.previous,
        }
        draft = EventDraft(
            kind=KIND,
            subject=f"model:{endpoint}",
            data=data,
            actor=f"worker:{self.worker}",
            logical_at=self.clock.now(),
        )
        told = Record(
            kind=KIND, id=f"{endpoint}/{version}", data=data | {"why": why, "since": since}, at=self.clock.now()
        )
        try:
            (event,) = self.ledger.commit(
                expect={claim: claimed}, moves={claim: str(since)}, records=[told], events=[draft]
            )
        except ConflictError:  # another worker found the same at the same moment
            return
        self.ledger.commit(records=[msgspec.structs.replace(told, data=told.data | {"event": event.seq})])

    def _since(self, endpoint: str) -> int:
        """The journal's number of the event that made the champion; 0 where no registry did."""
        history = self.ledger.history(f"{self.namespace}/model/{endpoint}@champion")
        return history[-1].seq if history else 0
