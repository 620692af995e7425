"""What every back end and wrapper of the blob seam must do.

A test class subclasses `BlobsSuite`, says `implementation = TheClass`, and has a fixture `blobs` with an empty store.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import ClassVar

import pytest

from loopwright.core.hashing import digest_bytes
from loopwright.errors import BlobMissingError, StoreError
from loopwright.store.blobs import Blobs

_ABSENT = digest_bytes(b"never put")


class BlobsSuite:
    """The contract of `Blobs`."""

    implementation: ClassVar[type[Blobs]]

    @pytest.mark.parametrize("data", [b"", b"a", b"\x00\xff" * 1000, b"x" * 200_000])
    def test_bytes_come_back_by_their_digest(self, blobs: Blobs, data: bytes) -> None:
        digest = blobs.put(data)
        assert digest == digest_bytes(data)
        assert blobs.get(digest) == data
        assert blobs.has(digest)

    def test_the_same_bytes_are_one_blob(self, blobs: Blobs) -> None:
        assert blobs.put(b"same") == blobs.put(b"same")
        assert len(list(blobs.list())) == 1

    def test_a_file_has_the_digest_of_its_bytes(self, blobs: Blobs, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"large" * 500_000)
        digest = blobs.put_file(file)
        assert digest == digest_bytes(file.read_bytes())
        assert blobs.get(digest) == file.read_bytes()

    def test_a_stored_file_does_not_change_with_its_source(self, blobs: Blobs, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(b"before")
        digest = blobs.put_file(file)
        file.write_bytes(b"after!")
        assert blobs.get(digest) == b"before"
        assert blobs.local_path(digest).read_bytes() == b"before"

    def test_a_file_that_is_not_there_is_a_store_error(self, blobs: Blobs, tmp_path: Path) -> None:
        with pytest.raises(StoreError):
            blobs.put_file(tmp_path / "absent")

    def test_the_local_path_holds_the_bytes(self, blobs: Blobs) -> None:
        digest = blobs.put(b"mapped")
        assert blobs.local_path(digest).read_bytes() == b"mapped"
        assert blobs.local_path(digest) == blobs.local_path(digest)

    @pytest.mark.parametrize("digest", [_ABSENT, "", "not a digest", "../../../../etc/passwd", "A" * 64])
    def test_what_is_not_there_is_missing(self, blobs: Blobs, digest: str) -> None:
        with pytest.raises(BlobMissingError):
            blobs.get(digest)
        with pytest.raises(BlobMissingError):
            blobs.local_path(digest)

    def test_absence_is_answered_without_an_error(self, blobs: Blobs) -> None:
        assert not blobs.has(_ABSENT)
        assert not blobs.delete(_ABSENT)

    def test_a_deleted_blob_is_gone(self, blobs: Blobs) -> None:
        digest = blobs.put(b"short-lived")
        assert blobs.delete(digest)
        assert not blobs.has(digest)
        assert list(blobs.list()) == []
        with pytest.raises(BlobMissingError):
            blobs.get(digest)
        with pytest.raises(BlobMissingError):
            blobs.local_path(digest)

    def test_a_deleted_blob_can_be_put_again(self, blobs: Blobs) -> None:
        digest = blobs.put(b"back")
        blobs.delete(digest)
        assert blobs.get(blobs.put(b"back")) == b"back"

    def test_digests_are_listed_in_order(self, blobs: Blobs) -> None:
        digests = [blobs.put(str(number).encode()) for number in range(60)]
        assert list(blobs.list()) == sorted(digests)

    def test_threads_that_put_the_same_bytes_make_one_blob(self, blobs: Blobs) -> None:
        with ThreadPoolExecutor(8) as pool:
            digests = set(pool.map(blobs.put, [b"one", b"two"] * 50))
        assert set(blobs.list()) == digests
        assert {blobs.get(digest) for digest in digests} == {b"one", b"two"}
