"""What child processes of the control process have in common: files written whole, and an end with their parent."""

import os
from pathlib import Path

from loopwright.core.codec import to_json


def write_whole(path: Path, value: object) -> None:
    """Write a value as JSON so that a reader sees all of it or what was there before."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(to_json(value))
    draft.replace(path)


def end_with_parent() -> None:
    """Wait until standard input closes, which it does when the parent is gone, and end this process."""
    while os.read(0, 4096):
        pass
    os._exit(1)
