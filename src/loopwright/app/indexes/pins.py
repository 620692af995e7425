"""Which versions of indexes applications read: those stay, so that the applications can be rolled back to."""

from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import LoopwrightError
from loopwright.serving.applications.bundle import is_application, read_application

_MODEL_VERSION = "model_version"
_MOST = 1_000_000


def pinned(workspace: Workspace) -> frozenset[Digest]:
    """Versions of indexes that a registered version of an application names."""
    stores = workspace.stores
    found: set[Digest] = set()
    for record in stores.ledger.search(_MODEL_VERSION, limit=_MOST):
        digest = str(record.data["digest"])
        try:
            index = read_application(stores.blobs, digest)[1] if is_application(stores.blobs, digest) else None
        except LoopwrightError:  # what cannot be read cannot be released either
            continue
        if index is not None:
            found.add(index)
    return frozenset(found)
