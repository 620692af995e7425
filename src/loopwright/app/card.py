"""A version's card, read from its records."""

import msgspec

from loopwright.app.applications.changes import declared
from loopwright.app.versions import resolve_version
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError
from loopwright.llm.application import KIND
from loopwright.registry.card import Card, model_card
from loopwright.registry.version import find_version
from loopwright.serving.applications.bundle import read_application


def card(workspace: Workspace, name: str) -> Card:
    """The card of `NAME@ALIAS`, `NAME` (its champion) or a digest.

    Raises:
        NotFoundError: There is no such version.
    """
    ledger = workspace.stores.ledger
    version = find_version(ledger, resolve_version(workspace, name), namespace=workspace.namespace)
    if version is None:
        raise NotFoundError(f"{name!r} is not registered", fix="Run `loopwright status` to see models and aliases.")
    found = model_card(ledger, workspace.stores.blobs, version, namespace=workspace.namespace)
    if found.manifest.kind != KIND:
        return found
    return msgspec.structs.replace(found, declared=declared(*read_application(workspace.stores.blobs, version.digest)))
