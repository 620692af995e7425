from typing import Any

import pytest

from loopwright.app.versions import champion_of, manifest_of, reference_of, resolve_version, views_of
from loopwright.errors import NotFoundError

Project = Any


def test_a_version_has_a_name_an_alias_and_a_digest(project: Project) -> None:
    workspace = project.workspace()
    champion = champion_of(workspace, "small")
    assert champion is not None
    assert {resolve_version(workspace, name) for name in ("small", "small@champion", champion)} == {champion}


@pytest.mark.parametrize("name", ["other", "small@canary", "small@", "0" * 64])
def test_what_is_no_version_is_said_to_be_none(project: Project, name: str) -> None:
    workspace = project.workspace()
    if name == "small@":
        assert resolve_version(workspace, name) == champion_of(workspace, "small")
        return
    with pytest.raises(NotFoundError, match="no version"):
        resolve_version(workspace, name)


def test_a_model_without_champion_has_none(bare: Project) -> None:
    assert champion_of(bare.workspace(), "small") is None


def test_the_manifest_says_what_the_world_was_like_and_which_views_there_are(project: Project) -> None:
    workspace = project.workspace()
    manifest = manifest_of(workspace, str(champion_of(workspace, "small")))
    reference = reference_of(workspace, manifest)
    assert reference is not None
    assert reference.quality["roc_auc"] > 0.6
    assert views_of(workspace, manifest) == ()
