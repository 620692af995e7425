import fcntl
import os
import resource
import stat
from contextlib import contextmanager

import pytest

from loopwright.core.hashing import digest_bytes
from loopwright.errors import BlobCorruptError, NoPermissionError, NoSpaceError, StoreError
from loopwright.store.backends.local_blobs import LocalBlobs


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "blobs"


def file_of(folder, digest):
    return folder / digest[:2] / digest[2:]


def damage(path, data):
    path.chmod(0o644)
    path.write_bytes(data)


@contextmanager
def files_of_at_most(limit_bytes):
    """What a full disk does: a write that stops part of the way."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_altered_bytes_are_never_returned(folder):
    blobs = LocalBlobs(folder)
    digest = blobs.put(b"content")
    damage(file_of(folder, digest), b"C0ntent")
    with pytest.raises(BlobCorruptError):
        blobs.get(digest)
    with pytest.raises(BlobCorruptError):
        blobs.local_path(digest)


@pytest.mark.parametrize("damaged", [b"", b"conten", b"C0ntent"])
def test_putting_a_damaged_blob_again_mends_it(folder, damaged):
    blobs = LocalBlobs(folder)
    digest = blobs.put(b"content")
    damage(file_of(folder, digest), damaged)
    assert blobs.put(b"content") == digest
    assert blobs.get(digest) == b"content"


def test_blobs_are_read_only_files(folder):
    digest = LocalBlobs(folder).put(b"content")
    assert stat.S_IMODE(file_of(folder, digest).stat().st_mode) == 0o444


def test_leftovers_of_a_dead_writer_are_removed_and_those_of_a_living_one_kept(folder):
    blobs = LocalBlobs(folder)
    dead, living = folder / "tmp" / "1-dead", folder / "tmp" / "1-living"
    dead.write_bytes(b"half")
    living.write_bytes(b"half")
    held = os.open(living, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    LocalBlobs(folder)
    assert (dead.exists(), living.exists()) == (False, True)
    os.close(held)
    assert list(blobs.list()) == []


def test_a_writer_whose_file_was_taken_for_a_leftover_tries_again(folder, monkeypatch):
    blobs = LocalBlobs(folder)
    lock, taken = fcntl.flock, []

    def take_once(file, how):
        if not taken:
            taken.extend(path.unlink() or path for path in (folder / "tmp").iterdir())
        lock(file, how)

    monkeypatch.setattr(fcntl, "flock", take_once)
    assert blobs.get(blobs.put(b"content")) == b"content"
    assert len(taken) == 1


@pytest.mark.parametrize("by_file", [False, True])
def test_a_full_disk_is_named_and_leaves_nothing(folder, tmp_path, by_file):
    blobs = LocalBlobs(folder)
    data = b"x" * 10_000
    source = tmp_path / "source"
    source.write_bytes(data)
    with files_of_at_most(4096), pytest.raises(NoSpaceError) as full:
        blobs.put_file(source) if by_file else blobs.put(data)
    assert "full" in full.value.what
    assert not blobs.has(digest_bytes(data))
    assert list((folder / "tmp").iterdir()) == []
    assert blobs.get(blobs.put(data)) == data


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(folder):
    blobs = LocalBlobs(folder)
    (folder / "tmp").chmod(0o500)
    with pytest.raises(NoPermissionError):
        blobs.put(b"content")


def test_denied_by_the_system_is_named(folder, monkeypatch):
    blobs = LocalBlobs(folder)

    def denied(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(NoPermissionError):
        blobs.put(b"content")


def test_a_folder_that_was_taken_away_is_named(folder):
    blobs = LocalBlobs(folder)
    (folder / "tmp").rmdir()
    folder.rmdir()
    with pytest.raises(StoreError):
        blobs.put(b"content")


def synced(monkeypatch):
    """Names of the files that were forced to the device."""
    names, sync = [], os.fsync

    def record(file):
        names.append(os.path.basename(os.readlink(f"/proc/self/fd/{file}")))
        sync(file)

    monkeypatch.setattr(os, "fsync", record)
    return names


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux")
@pytest.mark.parametrize("count", [1, 50])
def test_deferred_blobs_reach_the_device_with_the_flush(folder, monkeypatch, count):
    blobs = LocalBlobs(folder, sync="deferred")
    names = synced(monkeypatch)
    digests = [blobs.put(str(number).encode()) for number in range(count)]
    assert not {digest[2:] for digest in digests} & set(names)
    blobs.flush()
    assert {digest[2:] for digest in digests} | {digest[:2] for digest in digests} <= set(names)
    names.clear()
    blobs.flush()
    assert names == []


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs Linux")
def test_other_blobs_reach_the_device_at_once(folder, monkeypatch):
    blobs = LocalBlobs(folder)
    names = synced(monkeypatch)
    digest = blobs.put(b"content")
    assert digest[:2] in names
    assert len(names) >= 2


def test_flushing_goes_on_past_a_deleted_blob(folder):
    blobs = LocalBlobs(folder, sync="deferred")
    blobs.delete(blobs.put(b"a"))
    kept = blobs.put(b"b")
    blobs.flush()
    assert list(blobs.list()) == [kept]


def test_what_could_not_be_flushed_is_flushed_next_time(folder, monkeypatch):
    blobs = LocalBlobs(folder, sync="deferred")
    blobs.put(b"content")

    def broken(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", broken)
    with pytest.raises(StoreError):
        blobs.flush()
    monkeypatch.undo()
    calls, sync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: calls.append(file) or sync(file))
    blobs.flush()
    assert len(calls) == 3, "the blob, its folder, and the folder of folders"
