"""Versions that earlier releases have written stay readable."""

from pathlib import Path
from zipfile import ZipFile

import pytest

from loopwright.llm.retrieval.packed import FORMAT, Packed
from loopwright.llm.retrieval.version import open_version
from loopwright.store.backends.local_blobs import LocalBlobs

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.zip"))


def test_every_form_has_a_golden_version():
    assert GOLDEN[-1].stem == FORMAT.replace("/", "-")


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_a_version_as_it_was_written_is_read_and_searched(file, tmp_path):
    blobs = LocalBlobs(tmp_path / "blobs")
    with ZipFile(file) as archive:
        written = {name: archive.read(name) for name in archive.namelist()}
    digest = written.pop("version").decode().strip()
    assert all(blobs.put(data) == name for name, data in written.items())
    assert [row.name for row in Packed(blobs, digest).documents] == ["docs/keys.md", "docs/pay.md"]
    version = open_version(blobs, digest, run=tmp_path)
    (found,) = version.ranked("how do I revoke a key", limit=5, how="lexical")
    assert (found.document, found.text) == ("docs/keys.md", "Make an API key and revoke it.")
    assert found.metadata == {"area": "api", "title": "Keys", "section": "Keys"}
    staff = version.ranked("keys", limit=5, how="lexical", reader=["staff"])
    assert {passage.document for passage in staff} == {"docs/keys.md", "docs/pay.md"}
