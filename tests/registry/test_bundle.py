"""Bundles: one digest for all that a model is; a folder that stands alone; damage is told."""

import os
import shutil
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from loopwright.core.codec import canonical, plain
from loopwright.core.schema import Column, Signature
from loopwright.errors import BlobCorruptError, BlobMissingError, HomeTooNewError, ModelLoadError, UsageError
from loopwright.formats.value import put_value
from loopwright.registry import bundle
from loopwright.registry.bundle import (
    Manifest,
    changed_parts,
    extract_bundle,
    load_manifest,
    load_part,
    put_bundle,
    read_manifest,
)
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs
from loopwright.store.trees import put_tree

X = np.arange(20.0).reshape(10, 2)
COLUMN = Column(name="x", kind="float")
SIGNATURE = Signature(task="binary", request=(COLUMN,), features=(COLUMN,), classes=(False, True))


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


def manifest(blobs: Blobs, **changes: Any) -> Manifest:
    model = LogisticRegression().fit(X, np.arange(10) > 4)
    parts = {
        "model": put_value(blobs, model),
        "code": put_tree(blobs, {"loop.py": b"x = 1", "lib/a.py": b""}),
        "features": put_value(blobs, {"views": []}),
    }
    whole = Manifest(kind="model", parts=parts, entry="model", signature=SIGNATURE, example={"x": 1.0})
    return msgspec.structs.replace(whole, **changes)


def test_same_model_made_again_has_the_same_digest(blobs: Blobs) -> None:
    one, other = MemoryBlobs(), MemoryBlobs()
    assert put_bundle(one, manifest(one)) == put_bundle(other, manifest(other))


@pytest.mark.parametrize("change", [{"example": {"x": 2.0}}, {"kind": "other"}, {"trust_pickle": True}])
def test_anything_else_has_another_digest(blobs: Blobs, change: dict[str, Any]) -> None:
    assert put_bundle(blobs, manifest(blobs, **change)) != put_bundle(blobs, manifest(blobs))


def test_manifest_comes_back(blobs: Blobs) -> None:
    whole = manifest(blobs)
    assert read_manifest(blobs, put_bundle(blobs, whole)) == whole


def test_missing_parts_bad_names_and_absent_entries_are_refused(blobs: Blobs) -> None:
    whole = manifest(blobs)
    with pytest.raises(BlobMissingError, match="reference"):
        put_bundle(blobs, msgspec.structs.replace(whole, parts=whole.parts | {"reference": "0" * 64}))
    for name in ("../up", "", "A", "a/b", "a.b"):
        with pytest.raises(UsageError):
            put_bundle(blobs, msgspec.structs.replace(whole, parts={name: whole.parts["model"]}, entry=name))
    with pytest.raises(UsageError, match="entry"):
        put_bundle(blobs, msgspec.structs.replace(whole, parts={"model": whole.parts["model"]}, entry="loop:answer"))
    assert put_bundle(blobs, msgspec.structs.replace(whole, entry="loop:answer"))
    with pytest.raises(UsageError, match="entry"):
        put_bundle(blobs, msgspec.structs.replace(whole, entry="prompt"))


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"\xff", b'{"format_version":1}', b'{"format_version":"x"}'])
def test_other_blobs_are_no_manifest(blobs: Blobs, data: bytes) -> None:
    with pytest.raises(BlobCorruptError):
        read_manifest(blobs, blobs.put(data))


def test_manifest_of_a_newer_version_is_told(blobs: Blobs) -> None:
    newer = blobs.put(canonical(plain(canonical(manifest(blobs))) | {"format_version": 2, "kind": 7}))
    with pytest.raises(HomeTooNewError):
        read_manifest(blobs, newer)


def test_extracted_bundle_stands_alone(blobs: Blobs, tmp_path: Path) -> None:
    whole = manifest(blobs)
    folder = tmp_path / "deep" / "bundle"
    extract_bundle(blobs, put_bundle(blobs, whole), folder)
    assert load_manifest(folder) == whole
    assert load_part(folder, "model").predict(X).tolist() == (np.arange(10) > 4).tolist()
    assert load_part(folder, "features") == {"views": []}
    assert (folder / "parts" / "code" / "loop.py").read_bytes() == b"x = 1"
    assert sorted(path.name for path in folder.parent.iterdir()) == ["bundle"]


def test_extracting_again_is_harmless_and_another_bundle_is_refused(blobs: Blobs, tmp_path: Path) -> None:
    digest = put_bundle(blobs, manifest(blobs))
    extract_bundle(blobs, digest, tmp_path / "b")
    extract_bundle(blobs, digest, tmp_path / "b")
    with pytest.raises(UsageError, match="in the way"):
        extract_bundle(blobs, put_bundle(blobs, manifest(blobs, kind="other")), tmp_path / "b")


def test_several_workers_may_extract_into_one_folder_at_once(blobs: Blobs, tmp_path: Path) -> None:
    digest = put_bundle(blobs, manifest(blobs))
    failed: list[BaseException] = []

    def work() -> None:
        try:
            extract_bundle(blobs, digest, tmp_path / "b")
            load_part(tmp_path / "b", "model")
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


@pytest.mark.parametrize("same", [True, False])
def test_folder_that_appears_meanwhile_is_taken_only_where_it_is_the_same_bundle(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same: bool
) -> None:
    real = os.rename

    def late(source: Path, target: Path) -> None:
        if target == tmp_path / "b":
            shutil.copytree(source, target)
            if not same:
                (target / "manifest.json").write_bytes(b"{}")
        real(source, target)

    monkeypatch.setattr(bundle.os, "rename", late)
    digest = put_bundle(blobs, manifest(blobs))
    if same:
        extract_bundle(blobs, digest, tmp_path / "b")
        assert load_part(tmp_path / "b", "features") == {"views": []}
    else:
        with pytest.raises(UsageError, match="in the way"):
            extract_bundle(blobs, digest, tmp_path / "b")


def test_failed_extraction_leaves_nothing(blobs: Blobs, tmp_path: Path) -> None:
    whole = manifest(blobs)
    digest = put_bundle(blobs, whole)
    blobs.delete(whole.parts["features"])
    with pytest.raises(BlobMissingError):
        extract_bundle(blobs, digest, tmp_path / "b")
    assert list(tmp_path.iterdir()) == []


def test_loading_tells_what_is_wrong(blobs: Blobs, tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError):
        load_manifest(tmp_path)
    extract_bundle(blobs, put_bundle(blobs, manifest(blobs)), tmp_path / "b")
    with pytest.raises(ModelLoadError, match="no part"):
        load_part(tmp_path / "b", "reference")
    for file in (tmp_path / "b" / "parts" / "model" / "files").iterdir():
        file.write_bytes(b"broken")
    with pytest.raises(ModelLoadError, match="'model'"):
        load_part(tmp_path / "b", "model")


def test_pickles_in_parts_need_the_manifests_trust(blobs: Blobs, tmp_path: Path) -> None:
    part = put_value(blobs, {1, 2}, trust_pickle=True)
    for trusted in (False, True):
        whole = manifest(blobs, parts={"model": part}, trust_pickle=trusted)
        extract_bundle(blobs, put_bundle(blobs, whole), tmp_path / str(trusted))
    with pytest.raises(ModelLoadError, match="cannot be loaded"):
        load_part(tmp_path / "False", "model")
    assert load_part(tmp_path / "True", "model") == {1, 2}


def test_changed_parts_are_named(blobs: Blobs) -> None:
    old = manifest(blobs)
    new = manifest(blobs, parts=old.parts | {"code": old.parts["model"], "reference": "0" * 64}, example={})
    assert changed_parts(old, old) == ()
    assert changed_parts(old, new) == ("code", "example", "reference")
