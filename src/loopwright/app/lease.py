"""The lease by which one controller leads a home, and everybody else can tell that one does."""

from loopwright.app.workspace import Workspace

LEASE_KEY = "lease/controller"


def somebody_leads(workspace: Workspace) -> bool:
    """Whether a controller leads now."""
    return bool(workspace.stores.kv.get_many([LEASE_KEY]).get(LEASE_KEY))
