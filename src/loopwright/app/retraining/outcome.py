"""How a retrain ended: from what its process said, or from the journal where it could not say it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.app.retraining.past import Outcome
from loopwright.app.retraining.said import Said
from loopwright.core.events import Event

_OUTCOMES: dict[str, Outcome] = {
    "champion": "released", "releasing": "released", "promoted": "released", "waiting": "released",
    "unchanged": "unchanged", "refused": "rejected", "no_verdict": "inconclusive", "finished": "finished",
}  # fmt: skip
_MOVED = frozenset({"release_started", "release_waiting", "ref_moved"})


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended, with everything that is known of it.

    Attributes:
        events: The newest event that it led to.
        settled: `promoted` where the candidate took its place at once.
    """

    outcome: Outcome
    why: str = ""
    run: str = ""
    verdict: str = ""
    candidate: str = ""
    release: str = ""
    settled: str = ""
    events: tuple[int, ...] = ()


def result_of(said: Said, effects: Sequence[Event]) -> Result:
    """The result, from the child's words, and from the journal where it has none. Pure.

    Args:
        said: What the child said.
        effects: Every event that the decision led to, oldest first.
    """
    found = from_journal(effects)
    if not said.status:
        happened = found.outcome in ("released", "rejected", "inconclusive")
        return found if happened else msgspec.structs.replace(found, outcome="failed", why=said.why or found.why)
    return Result(
        outcome=_OUTCOMES[said.status],
        why=said.why,
        run=said.run or found.run,
        verdict=said.verdict or found.verdict,
        candidate=said.version or found.candidate,
        release=said.release or found.release,
        settled="promoted" if said.status in ("champion", "promoted") else "",
        events=found.events,
    )


def from_journal(effects: Sequence[Event]) -> Result:
    """What the journal says became of a retrain whose process left no word. Pure.

    A candidate that was judged, registered or released before the process ended was so; nothing is made up for, and
    nothing is done twice.
    """
    last = {event.kind: event for event in effects}
    run = next((event.subject.partition(":")[2] for event in effects if event.kind == "run_started"), "")
    judged = last["gate_judged"].data if "gate_judged" in last else dict[str, Any]()
    release = last["release_started"].subject.partition(":")[2] if "release_started" in last else ""
    verdict = str(judged.get("outcome", ""))
    found = Result(
        outcome="failed",
        run=run,
        verdict=verdict,
        candidate=str(judged.get("candidate", "")),
        release=release,
        events=tuple(event.seq for event in effects[-1:]),
    )
    outcome, why, settled = _became(last, judged, verdict)
    return msgspec.structs.replace(found, outcome=outcome, why=why, settled=settled)


def _became(last: Mapping[str, Event], judged: Mapping[str, Any], verdict: str) -> tuple[Outcome, str, str]:
    """The outcome, why, and whether the candidate took its place at once."""
    if _MOVED & last.keys():
        at_once = not {"release_started", "release_waiting"} & last.keys()
        return "released", "", "promoted" if at_once else ""
    if verdict == "fail":
        return "rejected", _checks(judged), ""
    if verdict == "unknown":
        return "inconclusive", _checks(judged), ""
    failed = last.get("step_failed")
    why = f"the step {failed.data.get('step')} failed: {failed.data.get('cause')}" if failed else ""
    return "failed", why or "its process ended before it was done", ""


def _checks(judged: Mapping[str, Any]) -> str:
    said = judged.get("checks", {})
    return ", ".join(f"{name} {outcome}" for name, outcome in said.items() if outcome in ("fail", "unknown"))
