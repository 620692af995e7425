"""An event of the journal as one line for a person; events that only matter to `trace` have none."""

from collections.abc import Callable, Mapping
from typing import Any

from loopwright.core.events import Event

Data = Mapping[str, Any]


def story_line(event: Event) -> str:
    """The line, or nothing."""
    tell = _LINES.get(event.kind)
    return tell(event.subject.partition(":")[2], event.data) if tell else ""


def _short(digest: object) -> str:
    return str(digest)[:12]


def _landed(name: str, data: Data) -> str:
    return f"{name}: {data.get('rows', 0):,} rows landed, version {_short(data.get('version'))}"


def _refused(name: str, data: Data) -> str:
    failures = data.get("failures") or []
    said = "; ".join(
        f"{f.get('column')}: {f.get('rule')} ({f.get('rows')} rows)" for f in failures if isinstance(f, dict)
    )
    return f"{name}: a landing was refused: {said or data.get('code', '')}"


def _judged(name: str, data: Data) -> str:
    failed = [check for check, outcome in data.get("checks", {}).items() if outcome in ("fail", "unknown")]
    return f"{name}: the gate says {data.get('outcome')} to {_short(data.get('candidate'))}" + (
        f" ({', '.join(failed)})" if failed else ""
    )


def _incident(name: str, data: Data) -> str:
    figures = ", ".join(f"{check} {value:.4g}" for check, value in data.get("figures", {}).items() if value is not None)
    return f"incident {name[:12]}: {data.get('reason')} ({figures})"


def _finished(name: str, data: Data) -> str:
    outcome = str(data.get("outcome")).replace("_", " ")
    return f"{name[:12]}: release {outcome} after {data.get('requests'):,} requests ({data.get('reason')})"


_LINES: dict[str, Callable[[str, Data], str]] = {
    "dataset_landed": _landed,
    "step_finished": lambda _, data: f"{data.get('step')} in {data.get('duration_us', 0) / 1e6:.2f} s",
    "dataset_refused": _refused,
    "gate_judged": _judged,
    "version_registered": lambda name, data: f"{name}: version {data.get('number')} is {_short(data.get('digest'))}",
    "ref_moved": lambda name, data: f"{name}: champion is {_short(data.get('to'))} ({data.get('reason')})",
    "incident_opened": _incident,
    "incident_explained": lambda name, data: (
        f"incident {name[:12]}: before it, {data.get('suspect') or 'nothing that the journal knows'}"
    ),
    "incident_mending": lambda name, data: f"incident {name[:12]} is mending: {data.get('reason')}",
    "incident_reopened": lambda name, data: f"incident {name[:12]} is back: {data.get('reason')}",
    "incident_resolved": lambda name, data: f"incident {name[:12]} resolved: {data.get('reason')}",
    "retrain_decided": lambda name, data: f"{name}: retrain {data.get('decision')}: {data.get('reason')}",
    "retrain_finished": lambda name, data: f"{name}: retrain {data.get('outcome')} {data.get('why') or ''}".rstrip(),
    "release_started": lambda name, data: (
        f"{name[:12]}: canary of {_short(data.get('candidate'))} at {data.get('share'):.0%}"
    ),
    "release_step": lambda name, data: (
        f"{name[:12]}: canary at {data.get('share'):.0%} after {data.get('requests'):,} requests"
    ),
    "release_finished": _finished,
    "arm_tripped": lambda name, data: (
        f"{name[:12]}: the breaker stopped {_short(data.get('version'))} ({data.get('cause')})"
    ),
    "override_recorded": lambda name, data: f"{name}: override: {data.get('reason')}",
    "act_refused": lambda _, data: f"refused: {data.get('what')}",
    "version_load_failed": lambda name, data: f"{name}: a version could not be loaded ({data.get('code')})",
}
