"""How long the request log is kept: planned, shown, done; by the controller once an hour, or by hand."""

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.errors import UsageError
from loopwright.observations.request_log import TABLE
from loopwright.observations.retention import RetentionPlan, apply_retention, parse_retention, plan_retention

EVERY_S = 3600.0


def plan_log(workspace: Workspace, *, older_than: Micros | None = None) -> RetentionPlan:
    """Which sealed requests are to go: those older than that, or than the setting says.

    Raises:
        UsageError: Neither says how long they are kept.
        SettingError: The setting is no duration.
    """
    keep = older_than
    if keep is None:
        keep = parse_retention(workspace.settings.text("request_log_retention"))
    if keep is None:
        raise UsageError(
            "nothing says how long requests are kept", why="the setting request_log_retention is empty",
            fix="Give --older-than 90d, or set request_log_retention.",
        )  # fmt: skip
    before = workspace.clock.now() - keep
    return plan_retention(TABLE, workspace.stores.tables.sealed(TABLE), before=before)


def apply_log(workspace: Workspace, plan: RetentionPlan) -> int:
    """Remove what the plan names; returns how many rows."""
    return apply_retention(workspace.stores.tables, plan)


class LogRetention:
    """Keeps the log as long as the setting says; does nothing where it says nothing. Used by one thread."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._keeps = parse_retention(workspace.settings.text("request_log_retention")) is not None
        self._due_s = 0.0

    def step(self) -> int:
        """Remove what is too old, once an hour; returns how many rows."""
        now_s = self._workspace.machine.monotonic()
        if not self._keeps or now_s < self._due_s:
            return 0
        self._due_s = now_s + EVERY_S
        return apply_log(self._workspace, plan_log(self._workspace))
