"""The exported folder: whole or not at all, never over something else."""

from pathlib import Path

import pytest
from tests.export.adapters import bundle_with, files

from loopwright.errors import BlobCorruptError, UsageError
from loopwright.export.adapter import Adapter, adapter_of
from loopwright.export.adapter_folder import write_adapter
from loopwright.store.backends.memory_blobs import MemoryBlobs


@pytest.fixture
def adapter() -> Adapter:
    blobs = MemoryBlobs()
    return adapter_of(blobs, "page-finder", bundle_with(blobs, files()))


def test_the_files_are_there_and_scripts_may_be_executed(adapter: Adapter, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "out"
    named = write_adapter(adapter, folder, beside={"start.sh": "#!/bin/sh\n", "note.txt": "x"})
    assert named == ("adapter/adapter_config.json", "adapter/adapter_model.safetensors", "note.txt", "start.sh")
    assert (folder / "adapter" / "adapter_model.safetensors").read_bytes() == files()["adapter_model.safetensors"]
    assert (folder / "start.sh").stat().st_mode & 0o111
    assert not (folder / "note.txt").stat().st_mode & 0o111


def test_an_empty_folder_is_taken_and_a_full_one_is_left_alone(adapter: Adapter, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    write_adapter(adapter, tmp_path / "empty", beside={})
    with pytest.raises(UsageError, match="is not empty"):
        write_adapter(adapter, tmp_path / "empty", beside={"start.sh": "other"})
    assert not (tmp_path / "empty" / "start.sh").exists()


def test_a_failure_leaves_nothing_behind(adapter: Adapter, tmp_path: Path) -> None:
    class Broken(dict[str, bytes]):
        def items(self):  # type: ignore[no-untyped-def, override]
            return [("../../climbs", b"x")]

    broken = Adapter(**{f: getattr(adapter, f) for f in adapter.__struct_fields__} | {"files": Broken()})
    with pytest.raises(BlobCorruptError):
        write_adapter(broken, tmp_path / "out", beside={})
    assert list(tmp_path.iterdir()) == []
