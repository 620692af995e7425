"""A champion that fails its requests: the version before it takes its place again, once, by itself.

Meanwhile nobody waits for it: each worker lets the version before, or the declared default, answer in its stead.
"""

import msgspec

from loopwright.app.arms import current_arms
from loopwright.app.releases.control import CONTROLLER
from loopwright.app.releases.operations import Done, Word
from loopwright.app.releases.rollback import Because, roll_back
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND
from loopwright.core.events import EventDraft
from loopwright.core.hashing import Digest
from loopwright.observations.arm_stats import ArmTotals, read_arm_stats, totals
from loopwright.release.routing import Arms
from loopwright.store.ledger import Record

REPORTED = "champion_failed"
"""Kind of the event, and of the record beside it, by which workers say that the champion took a process down."""
ROLLED_BACK = "champion_rollback"


class FailingRule(msgspec.Struct, frozen=True, kw_only=True):
    """When a champion fails too often.

    Attributes:
        window_s: How far back its requests are looked at.
        least_failures: Failures under which their share is no reason.
        most_failure_share: What is let pass.
    """

    window_s: int = 30
    least_failures: int = 20
    most_failure_share: float = 0.5


def fails(counts: ArmTotals, rule: FailingRule) -> str:
    """Why the champion must go, in words; empty where it need not. Pure."""
    share = counts.failures / counts.requests if counts.requests else 0.0
    if counts.failures < rule.least_failures or share <= rule.most_failure_share:
        return ""
    return f"{counts.failures} of {counts.requests} requests failed within {rule.window_s} s"


def heal(workspace: Workspace, endpoint: str, rule: FailingRule | None = None) -> Done | None:
    """Roll a failing champion back to the version before it; None where it does not fail, or there is none.

    A version that came back in this way is not taken away in this way: what fails everything is not the model then.
    """
    arms = current_arms(workspace, endpoint)
    if arms is None or arms.previous is None:
        return None
    version = arms.champion.version
    braked = workspace.stores.ledger.record(ROLLED_BACK, endpoint)
    if braked is not None and braked.data["to"] == version:
        return None
    why, events = _reported(workspace, endpoint, version)
    if not why:
        why = fails(_counts(workspace, arms, rule or FailingRule()), rule or FailingRule())
        if not why:
            return None
        events = _report(workspace, endpoint, version, why=why)
    data = {"endpoint": endpoint, "from": version, "to": arms.previous, "why": why}
    record = Record(kind=ROLLED_BACK, id=endpoint, data=data, at=workspace.clock.now())
    word = Word(actor=CONTROLLER, reason=f"the champion fails: {why}")
    return roll_back(workspace, endpoint, word, to=arms.previous, because=Because(events=events, records=(record,)))


def _counts(workspace: Workspace, arms: Arms, rule: FailingRule) -> ArmTotals:
    """The champion's requests since it is champion, at most a window back."""
    ref = workspace.ref("model", arms.endpoint, "champion")
    history = workspace.stores.ledger.history(ref)
    since = max(workspace.clock.now() - rule.window_s * SECOND, _moved_at(workspace, history[-1].seq if history else 0))
    stats = read_arm_stats(workspace.stores.tables, arms.endpoint, since=-(-since // SECOND) * SECOND)
    return totals(stats).get(arms.champion.name, ArmTotals())


def _moved_at(workspace: Workspace, seq: int) -> int:
    """When an event was written, by the workspace's clock."""
    found = workspace.stores.ledger.read(after=seq - 1, limit=1) if seq else ()
    return found[0].logical_at if found else 0


def _reported(workspace: Workspace, endpoint: str, version: Digest) -> tuple[str, tuple[int, ...]]:
    """What workers have written about this champion, and the event."""
    record = workspace.stores.ledger.record(REPORTED, f"{endpoint}/{version}")
    history = workspace.stores.ledger.history(workspace.ref("model", endpoint, "champion"))
    since = history[-1].seq if history else 0
    if record is None or record.data.get("since", since) != since:  # it is about an earlier time as champion
        return "", ()
    event = int(record.data.get("event", 0))
    return str(record.data.get("why") or record.data.get("cause") or "it took its worker down"), (
        event,
    ) if event else ()


def _report(workspace: Workspace, endpoint: str, version: Digest, *, why: str) -> tuple[int, ...]:
    draft = EventDraft(
        kind=REPORTED,
        subject=f"model:{endpoint}",
        data={"endpoint": endpoint, "version": version, "reason": why},
        actor=CONTROLLER,
        logical_at=workspace.clock.now(),
    )
    return (workspace.stores.ledger.commit(events=[draft])[0].seq,)
