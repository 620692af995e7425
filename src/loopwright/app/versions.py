"""What the journeys need to know of a registered version: its manifest, its reference, its name."""

from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError
from loopwright.features.view import FeatureView
from loopwright.formats.value import get_value
from loopwright.monitoring.reference import Reference
from loopwright.registry.alias import alias_target
from loopwright.registry.bundle import Manifest, read_manifest
from loopwright.registry.version import versions

LEAST_PREFIX = 6


def champion_of(workspace: Workspace, name: str) -> Digest | None:
    """The version that `NAME@champion` points to."""
    return alias_target(workspace.stores.ledger, name, namespace=workspace.namespace)


def manifest_of(workspace: Workspace, version: Digest) -> Manifest:
    """The version's manifest."""
    return read_manifest(workspace.stores.blobs, version)


def reference_of(workspace: Workspace, manifest: Manifest) -> Reference | None:
    """What the version's world looked like, if its bundle says so."""
    digest = manifest.parts.get("reference")
    return None if digest is None else msgspec.convert(get_value(workspace.stores.blobs, digest), Reference)


def views_of(workspace: Workspace, manifest: Manifest) -> tuple[FeatureView, ...]:
    """The feature views that the version's features come from."""
    digest = manifest.parts.get("features")
    said: dict[str, Any] = get_value(workspace.stores.blobs, digest) if digest else {}
    return tuple(FeatureView.from_json(view) for view in said.get("views", ()))


def resolve_version(workspace: Workspace, name: str) -> Digest:
    """The digest of `NAME@ALIAS`, `NAME` (its champion) or a digest.

    Raises:
        NotFoundError: There is no such version.
    """
    model, _, alias = name.partition("@")
    found = workspace.stores.ledger.ref(workspace.ref("model", model, alias or "champion"))
    if found is None and workspace.stores.ledger.record("model_version", name):
        found = name
    if found is None:
        raise NotFoundError(f"there is no version {name!r}", fix="Run `loopwright status` to see models and aliases.")
    return found


def registered_version(workspace: Workspace, model: str, text: str) -> Digest:
    """A registered version of one model, as a person names it.

    Args:
        workspace: The workspace.
        model: The model's name.
        text: Its number, its digest or the beginning of it (6 characters at least), or an alias: `@latest`,
            `latest`, `MODEL@latest`.

    Raises:
        NotFoundError: None is named so, or more than one.
    """
    known = versions(workspace.stores.ledger, model, namespace=workspace.namespace, limit=10_000)
    name, _, alias = text.rpartition("@")
    target = workspace.stores.ledger.ref(workspace.ref("model", model, alias)) if name in ("", model) else None
    digit = text.isdigit() and len(text) < LEAST_PREFIX
    named = [v.digest for v in known if v.digest == target or (digit and v.number == int(text))]
    if not named and len(text) >= LEAST_PREFIX:
        named = [version.digest for version in known if version.digest.startswith(text)]
    if len(named) != 1:
        many = f"{len(named)} versions of {model!r} are" if named else f"no version of {model!r} is"
        raise NotFoundError(
            f"{many} named {text!r}",
            why=f"there are {', '.join(f'{v.number} ({v.digest[:12]})' for v in known[:8])}" if known else "",
            fix="Give a version's number, the beginning of its digest, or an alias such as @latest.",
        )
    return named[0]
