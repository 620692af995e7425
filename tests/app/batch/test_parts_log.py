"""Finished parts, whatever a kill left of the last line."""

from pathlib import Path

import pytest

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.parts_log import PartsLog

PARTS = [PartDone(index=index, scored=10, refused=index) for index in range(3)]


def test_parts_are_read_back_in_order(tmp_path: Path) -> None:
    log = PartsLog(tmp_path / "parts")
    assert log.read() == ()

    log.add(PARTS[:1])
    log.add(PARTS[1:])

    assert PartsLog(tmp_path / "parts").read() == tuple(PARTS)


@pytest.mark.parametrize(
    "left", [b"{", b'{"index":3,"scored":1', b'{"index":3,"scored":1}', b'{"index":9,"scored":1}\n', b"\x00\x00"]
)
def test_a_line_that_is_not_whole_was_never_there(tmp_path: Path, left: bytes) -> None:
    log = PartsLog(tmp_path / "parts")
    log.add(PARTS)
    with (tmp_path / "parts").open("ab") as file:
        file.write(left)

    assert log.read() == tuple(PARTS)

    log.add([PartDone(index=3, scored=5)])
    assert [part.index for part in log.read()] == [0, 1, 2, 3]
