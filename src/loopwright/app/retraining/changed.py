"""When a loop's stream changed last, as far as a retrain was told."""

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros


def change_ref(workspace: Workspace, loop: str) -> str:
    """The ref that says it, in microseconds UTC."""
    return workspace.ref("retraining", loop, "change_point")


def changed_at(workspace: Workspace, loop: str) -> Micros | None:
    """The instant; None where no change is known."""
    target = workspace.stores.ledger.ref(change_ref(workspace, loop))
    return None if target is None else int(target)
