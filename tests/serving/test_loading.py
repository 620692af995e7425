from pathlib import Path

import pytest

from loopwright.errors import ModelLoadError
from loopwright.release.routing import Arms
from loopwright.serving.intake import NoFeatures
from loopwright.serving.loading import ArmLoader, bundle_folder, socket_path


@pytest.fixture
def loader(blobs, tmp_path):
    return ArmLoader(blobs=blobs, run=tmp_path / "run", features=lambda bundle: NoFeatures())


def test_the_same_champion_is_not_loaded_twice(loader, stored, signature, model):
    version = stored(model("binary"), signature("binary"))
    first = loader.champion(Arms.only_champion("flights", version), None)
    later = Arms.only_champion("flights", version, revision=2).with_canary("c" * 64, 0.1, release="rel_1")
    second = loader.champion(later, first)
    assert second.model is first.model
    assert (second.label.release, second.spec.share) == ("rel_1", 0.9)


def test_a_canary_is_read_and_none_of_its_code_is_run(loader, stored, signature, model):
    version = stored(model("binary"), signature("binary"), code="raise SystemExit('ran')")
    arms = Arms.only_champion("flights", "b" * 64).with_canary(version, 0.1, release="rel_1")
    canary = loader.canary(arms, arms.canaries[0])
    assert canary.state == "starting"
    assert canary.label.arm == "candidate"
    with pytest.raises(ModelLoadError):
        loader.champion(Arms.only_champion("flights", version), None)


def test_a_bundle_is_extracted_once_and_one_that_is_not_there_is_named(blobs, stored, signature, model, tmp_path):
    version = stored(model("binary"), signature("binary"))
    folder = bundle_folder(blobs, version, tmp_path)
    assert folder == tmp_path / "bundles" / version
    assert bundle_folder(blobs, version, tmp_path) == folder
    with pytest.raises(ModelLoadError, match="0000"):
        bundle_folder(blobs, "0" * 64, tmp_path)


def test_a_socket_lies_near_or_where_the_path_is_too_long_in_a_private_folder(tmp_path):
    near = socket_path(Path("/srv/run"), "a" * 64)
    assert near.parent == Path("/srv/run")
    deep = tmp_path / ("d" * 120)
    far = socket_path(deep, "a" * 64)
    assert len(str(far)) < 100
    assert far.parent.stat().st_mode & 0o777 == 0o700
    assert far == socket_path(deep, "a" * 64)
    assert far != socket_path(tmp_path / ("e" * 120), "a" * 64)
