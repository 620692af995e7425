"""Folders that a pipeline makes, as files of the bundle."""

from pathlib import Path

import pytest
from tests.app.applications.conftest import Declare

from loopwright.app.applications.files import with_files
from loopwright.app.run import run_loop
from loopwright.app.versions import manifest_of
from loopwright.errors import UsageError
from loopwright.formats.value import put_value
from loopwright.registry.bundle import extract_bundle
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.trees import tree_files

FILES = {"adapter_config.json": b"{}", "deep/adapter_model.safetensors": bytes(10_000)}


def test_bytes_by_name_become_files_and_everything_else_stays() -> None:
    blobs = MemoryBlobs()
    made = {
        "adapter": put_value(blobs, FILES),
        "small": put_value(blobs, {"a.txt": b"a"}),
        "loss": put_value(blobs, [1.0, 2.0]),
        "mixed": put_value(blobs, {"a": b"a", "b": [b"b"]}),
        "list": put_value(blobs, [b"a", b"b"]),
        "plain": put_value(blobs, {"a": 1}),
        "nothing": put_value(blobs, {}),
    }
    found = with_files(blobs, made)
    assert tree_files(blobs, found["adapter"]) == FILES
    assert tree_files(blobs, found["small"]) == {"a.txt": b"a"}
    assert {name for name in made if found[name] == made[name]} == {"loss", "mixed", "list", "plain", "nothing"}


def test_a_name_that_climbs_out_of_its_folder_is_refused() -> None:
    blobs = MemoryBlobs()
    with pytest.raises(UsageError, match=r"\.\./x"):
        with_files(blobs, {"adapter": put_value(blobs, {"../x": b""})})


def test_an_extracted_bundle_has_the_files_of_its_pipeline(declare: Declare, project: Path, tmp_path: Path) -> None:
    workspace, _ = declare()
    text = (project / "loop.py").read_text()
    text = text.replace("loop = lw.Loop(\n", (
        "@lw.step\ndef make() -> dict[str, bytes]:\n    return {'weights.bin': b'w' * 5000, 'config.json': b'{}'}\n\n"
        "@lw.pipeline\ndef build():\n    return {'adapter': make()}\n\n"
        "loop = lw.Loop(\n"
    )).replace('    "bot",\n', '    "bot",\n    pipeline=build,\n')  # fmt: skip
    (project / "loop.py").write_text(text)
    from loopwright.app.loop_file import load_loop

    judged = run_loop(workspace, load_loop(project / "loop.py", project)).judged
    assert judged is not None
    assert sorted(manifest_of(workspace, judged.version).parts) == ["adapter", "application", "index"]
    extract_bundle(workspace.stores.blobs, judged.version, tmp_path / "bundle")
    files = tmp_path / "bundle" / "parts" / "adapter"
    assert (files / "weights.bin").read_bytes() == b"w" * 5000
    assert sorted(path.name for path in files.iterdir()) == ["config.json", "weights.bin"]
