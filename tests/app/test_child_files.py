"""What child processes have in common."""

import subprocess
import sys

import pytest

from loopwright.app.child_files import write_whole


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path):
    path = tmp_path / "progress.json"
    write_whole(path, {"done": 1})
    with pytest.raises(TypeError):
        write_whole(path, {"done": object()})
    assert path.read_bytes() == b'{"done":1}'
    assert [file.name for file in tmp_path.iterdir()] == ["progress.json"]


def test_a_child_ends_when_its_parent_does():
    code = "from loopwright.app.child_files import end_with_parent; end_with_parent()"
    child = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE)
    assert child.stdin is not None
    child.stdin.write(b"still here")
    child.stdin.close()
    assert child.wait(timeout=60) == 1
