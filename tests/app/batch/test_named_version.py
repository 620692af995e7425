"""Versions, as people name them."""

import pytest
from tests.app.conftest import Project

from loopwright.app.arms import current_arms, move_arms
from loopwright.app.batch.named_version import named_version
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.errors import NotFoundError
from loopwright.registry.bundle import put_bundle, read_manifest
from loopwright.registry.version import Provenance, register_version
from loopwright.release.routing import Arm


def other_version(workspace: Workspace) -> str:
    """A second version, registered and nothing more."""
    import msgspec

    champion = champion_of(workspace, "small") or ""
    manifest = msgspec.structs.replace(read_manifest(workspace.stores.blobs, champion), example={"x": 1.5, "n": 1})
    digest = put_bundle(workspace.stores.blobs, manifest)
    register_version(workspace.stores.ledger, name="small", digest=digest, provenance=Provenance())
    return digest


def test_aliases_digests_and_nothing_at_all(project: Project) -> None:
    workspace = project.workspace()
    champion, other = champion_of(workspace, "small") or "", other_version(workspace)

    for text in ("", "small", "small@champion", f"small@{champion}", f"small@{champion[:7]}"):
        assert named_version(workspace, text) == ("small", champion)
    assert named_version(workspace, "small@latest") == ("small", other)
    for text in (
        "small@previous",
        "small@candidate",
        "small@nobody",
        f"small@{champion[:5]}",
        "other",
        "other@champion",
    ):
        with pytest.raises(NotFoundError):
            named_version(workspace, text)


def test_the_version_on_trial_and_the_one_before(project: Project) -> None:
    import msgspec

    workspace = project.workspace()
    champion, other = champion_of(workspace, "small") or "", other_version(workspace)
    arms = current_arms(workspace, "small")
    assert arms is not None
    on_trial = msgspec.structs.replace(
        arms,
        revision=arms.revision + 1,
        previous=other,
        arms=(
            msgspec.structs.replace(arms.champion, share=0.9),
            Arm(name="canary", role="canary", version=other, share=0.1),
        ),
    )
    move_arms(workspace, on_trial, events=[])

    assert named_version(workspace, "small@candidate") == ("small", other)
    assert named_version(workspace, "small@previous") == ("small", other)
    assert named_version(workspace, "small") == ("small", champion)
