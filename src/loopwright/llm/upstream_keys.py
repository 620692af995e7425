"""Upstreams' keys, by reference: looked up each time, so that a rotated key is used at once; never kept elsewhere."""

from collections.abc import Mapping
from pathlib import Path

from loopwright.errors import UpstreamError

_MOST_BYTES = 65_536


class UpstreamKeys:
    """Resolves references as `env:NAME` and `file:PATH`.

    Args:
        environment: The process's.
        base: Relative paths begin here: the project's folder.
    """

    def __init__(self, environment: Mapping[str, str], base: Path) -> None:
        self._environment = environment
        self._base = base
        self._files: dict[str, tuple[tuple[int, int], str]] = {}

    def __call__(self, reference: str) -> str:
        """The secret; empty for an empty reference.

        Raises:
            UpstreamError: There is none. It names the reference, never a value.
        """
        if not reference:
            return ""
        kind, _, name = reference.partition(":")
        found = self._environment.get(name, "") if kind == "env" else self._in_file(name)
        if not found:
            raise UpstreamError(
                f"there is no key at {reference!r}", why="the upstream needs it",
                fix="Set the variable, or write the file, where the server runs.", cause="config",
            )  # fmt: skip
        return found

    def _in_file(self, name: str) -> str:
        path = self._base / name
        try:
            about = path.stat()
            mark = (about.st_mtime_ns, about.st_size)
            known = self._files.get(name)
            if known is None or known[0] != mark:
                text = path.read_bytes()[:_MOST_BYTES].decode("utf-8", "replace").strip()
                known = self._files[name] = (mark, text)
        except OSError:
            return ""
        return known[1]
