"""Plans and states as earlier versions wrote them, in today's form. An old release goes on by its old rules."""

from collections.abc import Mapping
from typing import Any

from loopwright.core.clock import SECOND
from loopwright.errors import ReleaseError
from loopwright.release.plan import CANDIDATE

_NEWEST = 2


def current_plan(data: Mapping[str, Any]) -> dict[str, Any]:
    """A stored plan's data in today's form, to be converted to a `ReleasePlan`.

    Raises:
        ReleaseError: A later version wrote it.
    """
    if _format(data) == _NEWEST:
        return dict(data)
    strategy = {
        "strategy": "canary",
        "steps": [share * 100 for share in data["shares"]],
        "min_requests": data["min_requests"],
        "min_time": f"{data['min_time'] // (SECOND // 1000)}ms" if data["min_time"] else "0s",
        "max_time": f"{data['max_time'] // (SECOND // 1000)}ms",
        "guards": [_guard_of_1(guard) for guard in data["guards"]],
        "alpha": data["alpha"],
    }
    kept = {name: data[name] for name in ("endpoint", "champion", "task")}
    return {**kept, "candidates": {CANDIDATE: data["candidate"]}, "strategy": strategy, "format": _NEWEST}


def current_state(data: Mapping[str, Any]) -> dict[str, Any]:
    """A stored state's data in today's form, to be converted to a `ReleaseState`.

    Raises:
        ReleaseError: A later version wrote it.
    """
    if _format(data) == _NEWEST:
        return dict(data)
    arm = {"requests": data["requests"], "guards": data["guards"]}
    kept = {name: value for name, value in data.items() if name not in ("guards", "format")}
    winner = CANDIDATE if data["status"] == "promoted" else None
    return {
        **kept,
        "stage_since": data["started_at"],
        "arms": {CANDIDATE: arm},
        "winner": winner,
        "format": _NEWEST,
    }


def _format(data: Mapping[str, Any]) -> int:
    found = int(data.get("format", 1))
    if found > _NEWEST:
        raise ReleaseError(
            f"a release was written in form {found}",
            why=f"this version reads forms up to {_NEWEST}",
            fix="Update Loopwright.",
        )
    return found


def _guard_of_1(guard: Mapping[str, Any]) -> dict[str, Any]:
    """Errors were compared by one margin, at every step."""
    if guard["kind"] != "errors":
        return dict(guard)
    return {
        "kind": "errors",
        "margin": guard["margin_ratio"],
        "ratio": None,
        "step_margin": None,
        "required": guard["required"],
    }
