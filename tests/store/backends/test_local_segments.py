import os

import pytest

from loopwright.errors import NoSpaceError
from loopwright.store.backends.local_segments import FreeSegments, Segment


def segment(folder, name="seg_1"):
    return Segment(folder, name, fdatasync=False)


def test_appends_follow_one_another(tmp_path):
    opened = segment(tmp_path)
    opened.append(b"a\n")
    opened.append(b"b\n")
    assert (opened.path.read_bytes(), opened.size_bytes) == (b"a\nb\n", 4)
    opened.close()


def test_a_write_that_the_system_took_in_part_is_finished(tmp_path, monkeypatch):
    opened, write = segment(tmp_path), os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, bytes(data)[:3]))
    opened.append(b"a long line\n")
    assert opened.path.read_bytes() == b"a long line\n"
    opened.close()


def test_a_write_that_failed_half_way_is_taken_back(tmp_path, monkeypatch):
    opened, write = segment(tmp_path), os.write
    opened.append(b"a\n")
    sizes = iter([3])

    def fill_up(file, data):
        for size in sizes:
            return write(file, bytes(data)[:size])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", fill_up)
    with pytest.raises(NoSpaceError):
        opened.append(b"a long line\n")
    monkeypatch.undo()
    opened.append(b"b\n")
    assert opened.path.read_bytes() == b"a\nb\n"
    opened.close()


def test_only_segments_without_a_writer_are_free(tmp_path):
    held, done = segment(tmp_path, "held"), segment(tmp_path, "done")
    done.close()
    free = FreeSegments(tmp_path)
    assert free.paths == (done.path,)
    assert FreeSegments(tmp_path).paths == ()
    free.release()
    held.close()
    assert FreeSegments(tmp_path).paths == (done.path, held.path)
