"""Whether a trigger wants a retrain now, and why: read from the ledger, the incidents and the labels."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.cron import Cron, due
from loopwright.app.loop import Loop
from loopwright.app.monitor.watch import Watch
from loopwright.app.retraining.label_count import LabelCount
from loopwright.app.retraining.past import Past
from loopwright.app.retraining.triggers import OnAlert, OnCodeChange, OnLabels, OnNewData, Trigger, label_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, iso
from loopwright.core.hashing import Digest
from loopwright.data.parts import DatasetVersion, version_of
from loopwright.monitoring.incident import Incident, wants_retrain
from loopwright.monitoring.rules.rule import SEVERITIES, MonitorRule
from loopwright.registry.version import versions
from loopwright.store.ledger import Record

MOST_CAUSES = 50
"""Of a storm of alerts, so many are named as causes."""
_DAY: Micros = 86_400_000_000


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """Why a retrain is wanted.

    Attributes:
        name: Stays the same for the same cause.
        reason: In words.
        events: What is behind it in the journal.
        once: Whether one answer is enough; an incident that stays open may be answered again.
        incidents: The open incidents that it would answer.
    """

    name: str
    reason: str
    events: tuple[int, ...] = ()
    once: bool = True
    incidents: tuple[str, ...] = ()


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a trigger stands: what it wants, if anything, and words for a person either way."""

    trigger: str
    words: str
    cause: Cause | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """What triggers look at.

    Attributes:
        workspace, loop: Whose.
        champion: The version that answers.
        origin: What the champion was made of; None where that is not recorded.
        watch: The state of watching; None where nothing is watched.
        past: Earlier retrains.
        labels: Counts new labels.
        code: The training code's digest as the champion has it, and as it is now; None where it is not known.
        now: The workspace's time.
    """

    workspace: Workspace
    loop: Loop
    champion: Digest
    origin: Record | None
    watch: Watch | None
    past: Past
    labels: LabelCount
    code: tuple[Digest, Digest] | None
    now: Micros

    @property
    def pins(self) -> Mapping[str, Any]:
        """The champion's pins: dataset versions and the instant up to which labels were known."""
        return (self.origin.data.get("pins") or {}) if self.origin else {}


def standing(trigger: Trigger, view: View) -> Standing:
    """Where one trigger stands."""
    if isinstance(trigger, OnAlert):
        return _on_alert(trigger, view)
    if isinstance(trigger, Cron):
        return _on_time(trigger, view)
    if isinstance(trigger, OnLabels):
        return _on_labels(trigger, view)
    if isinstance(trigger, OnCodeChange):
        return _on_code(trigger, view)
    return _on_new_data(trigger, view)


def _on_alert(trigger: OnAlert, view: View) -> Standing:
    label = label_of(trigger)
    if view.watch is None:
        return Standing(trigger=label, words="nothing is watched")
    rules = tuple(view.loop.monitor)
    found = [one for one in view.watch.book.open.values() if wants_retrain(one) and _counts(trigger, one, rules)]
    if not found:
        return Standing(trigger=label, words="no incident is open that a retrain may answer")
    first, opened = found[0], [view.watch.opened.get(one.id) for one in found[:MOST_CAUSES]]
    more = f", and {len(found) - 1} more incidents" if len(found) > 1 else ""
    cause = Cause(
        name=f"incident:{first.id}",
        reason="; ".join(finding.reason for finding in first.findings) + more,
        events=tuple(seq for seq in opened if seq),
        once=False,
        incidents=tuple(one.id for one in found[:MOST_CAUSES]),
    )
    return Standing(trigger=label, words=f"{len(found)} open: {first.id}", cause=cause)


def _counts(trigger: OnAlert, incident: Incident, rules: Sequence[MonitorRule]) -> bool:
    """Whether the trigger asks for one of the incident's rules."""
    least = SEVERITIES.index(trigger.severity) if trigger.severity else 0
    severity = {rule.name: SEVERITIES.index(rule.severity) for rule in rules}
    named = [check for check in incident.checks if _named(check, trigger.checks)]
    return any(severity.get(check, SEVERITIES.index("warning")) >= least for check in named)


def _named(check: str, wanted: Sequence[str]) -> bool:
    return not wanted or check in wanted or check.partition("(")[0] in wanted


def _on_time(trigger: Cron, view: View) -> Standing:
    """The newest time of the schedule since the loop was last trained; before its first version nothing is due."""
    label, ledger = label_of(trigger), view.workspace.stores.ledger
    known = versions(ledger, view.loop.name, namespace=view.workspace.namespace, limit=1)
    if not known:
        return Standing(trigger=label, words="no version has been trained")
    at = due(trigger, max([known[0].at, *view.past.started[-1:]]), view.now)
    if at is None:
        return Standing(trigger=label, words="not due yet")
    words = f"the schedule {trigger.expression!r} of {iso(at)[:16]}Z"
    return Standing(trigger=label, words=words, cause=Cause(name=f"cron:{trigger.expression}:{at}", reason=words))


def _on_labels(trigger: OnLabels, view: View) -> Standing:
    label, since = label_of(trigger), view.pins.get("labels_known_at")
    if since is None:
        return Standing(trigger=label, words=_UNKNOWN)
    new = view.labels.since(int(since))
    words = f"{new:,} of {trigger.labels:,} new labels"
    if new < trigger.labels:
        return Standing(trigger=label, words=words)
    name = f"labels:{since}:{new // trigger.labels}"
    return Standing(trigger=label, words=words, cause=Cause(name=name, reason=f"{new:,} new labels"))


def _on_code(trigger: OnCodeChange, view: View) -> Standing:
    label = label_of(trigger)
    if view.code is None:
        return Standing(trigger=label, words="the training code is the champion's, or cannot be compared")
    champions, now = view.code
    if champions == now:
        return Standing(trigger=label, words="the training code is the champion's")
    words = "the training code is not the champion's any more"
    return Standing(trigger=label, words=words, cause=Cause(name=f"code:{now[:16]}", reason=words))


_UNKNOWN = "unknown: what the champion was trained on is not recorded"


def _on_new_data(trigger: OnNewData, view: View) -> Standing:
    label, stores = label_of(trigger), view.workspace.stores
    latest = stores.ledger.ref(view.workspace.ref("dataset", trigger.dataset, "latest"))
    trained_on = view.pins.get("versions", {}).get(trigger.dataset)
    if trained_on is None or stores.ledger.record("dataset_version", trained_on) is None:
        return Standing(trigger=label, words=_UNKNOWN)
    if latest is None:
        return Standing(trigger=label, words="nothing has landed")
    grown = _growth(version_of(stores, trained_on), version_of(stores, latest))
    measured = [
        (wanted, grown[name], name)
        for name, wanted in (("rows", trigger.rows), ("partitions", trigger.partitions), ("newer_by", trigger.newer_by))
        if wanted is not None
    ]
    words = ", ".join(_amount(name, new, wanted) for wanted, new, name in measured)
    enough = [(new // wanted, name, new) for wanted, new, name in measured if new >= wanted]
    if not enough:
        return Standing(trigger=label, words=words)
    times, name, new = enough[0]
    reason = f"{_new(name, new)} in {trigger.dataset}"
    cause = Cause(name=f"{name}:{trigger.dataset}:{trained_on[:16]}:{times}", reason=reason)
    return Standing(trigger=label, words=words, cause=cause)


def _growth(before: DatasetVersion, after: DatasetVersion) -> dict[str, int]:
    """What has come since, by measure; an event time that is not known has not moved."""
    moved = 0
    if after.last_event_at is not None and before.last_event_at is not None:
        moved = after.last_event_at - before.last_event_at
    return {
        "rows": after.rows_landed - before.rows_landed,
        "partitions": len(after.parts) - len(before.parts),
        "newer_by": moved,
    }


def _new(name: str, amount: int) -> str:
    if name == "newer_by":
        return f"events up to {amount / _DAY:.1f} days newer"
    return f"{amount} new {name}"


def _amount(name: str, amount: int, wanted: int) -> str:
    if name == "newer_by":
        return f"newest event {amount / _DAY:.1f} of {wanted / _DAY:.1f} days newer"
    return f"{amount:,} of {wanted:,} new {name}"
