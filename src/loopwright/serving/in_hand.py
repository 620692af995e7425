"""Which models are being asked right now, in a file that outlives the process: who took it down is in it."""

import mmap
from collections.abc import Sequence
from pathlib import Path

_IDLE = 0
_BUSY = 1


class Hand:
    """Marks an endpoint's model as being asked, for as long as the block runs; without a place, marks nothing.

    Args:
        place: One byte of a shared mapping; setting it costs no system call.
    """

    __slots__ = ("_place",)

    def __init__(self, place: memoryview | None = None) -> None:
        self._place = bytearray(1) if place is None else place

    def __enter__(self) -> None:
        self._place[0] = _BUSY

    def __exit__(self, *error: object) -> None:
        self._place[0] = _IDLE


class InHand:
    """The file of one worker: one byte an endpoint.

    Args:
        path: The file, made anew.
        endpoints: In the order of their bytes.
    """

    def __init__(self, path: Path, endpoints: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(endpoints)}
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(bytes(max(1, len(endpoints))))
        with path.open("r+b") as file:
            self._bytes = mmap.mmap(file.fileno(), 0)

    def of(self, endpoint: str) -> Hand:
        """The mark of an endpoint."""
        place = self._places[endpoint]
        return Hand(memoryview(self._bytes)[place : place + 1])


def busy(path: Path, endpoints: Sequence[str]) -> list[str]:
    """The endpoints whose models were being asked, or loaded, when the process ended."""
    try:
        found = path.read_bytes()
    except OSError:
        return []
    return [name for name, byte in zip(endpoints, found, strict=False) if byte == _BUSY]
