"""Installed distributions, found by their folders' names: fast enough to ask in every run."""

import os
import re
import sys
from collections.abc import Iterable
from pathlib import Path

from loopwright.core.hashing import Digest, digest_value

_FOLDER = re.compile(r"^(?P<name>.+?)-(?P<version>[^-]+?)(-py\d.*)?\.(dist|egg)-info$")
_REQUIREMENT = re.compile(r"^Requires-Dist:\s*([A-Za-z0-9][A-Za-z0-9._-]*)(.*)$")
_MARKS = (".dist-info", ".egg-info", ".egg-link", ".pth")


def normalised(name: str) -> str:
    """A distribution's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def site_folders(search_path: Iterable[str]) -> tuple[Path, ...]:
    """The folders of a search path into which distributions are installed."""
    return tuple(
        Path(p)
        for p in dict.fromkeys(search_path)
        if p.endswith(("site-packages", "dist-packages")) and Path(p).is_dir()
    )


def listing(folders: Iterable[Path]) -> list[str]:
    """The names that say which distributions, and which versions, are installed: one directory read a folder."""
    return sorted(entry.name for folder in folders for entry in os.scandir(folder) if entry.name.endswith(_MARKS))


def listing_digest() -> Digest:
    """Names the set of distributions that this interpreter sees."""
    return digest_value(listing(site_folders(sys.path)))


class Distributions:
    """What is installed, read once; make a new one to look again."""

    def __init__(self, search_path: Iterable[str] | None = None) -> None:
        self._sites = site_folders(sys.path if search_path is None else search_path)
        self._found: dict[str, tuple[str, Path]] = {}
        for site in self._sites:
            for name in listing([site]):
                if match := _FOLDER.match(name):
                    self._found.setdefault(normalised(match["name"]), (match["version"], site / name))
        self._owners: dict[str, str | None] = {}

    def versions(self) -> dict[str, str]:
        """Every distribution's version, by normalised name, sorted."""
        return {name: self._found[name][0] for name in sorted(self._found)}

    def version(self, distribution: str) -> str | None:
        """The version of a distribution, None where it is not installed."""
        found = self._found.get(normalised(distribution))
        return None if found is None else found[0]

    def owner(self, module: str, file: str | None = None) -> str | None:
        """The distribution that brought a module.

        Args:
            module: The module's full name.
            file: Its file, where known; decides for namespace packages.

        Returns:
            The normalised name; None where no distribution claims it.
        """
        key = file or module
        if key not in self._owners:
            self._owners[key] = self._search(module, file)
        return self._owners[key]

    def _search(self, module: str, file: str | None) -> str | None:
        top = module.partition(".")[0]
        if normalised(top) in self._found:
            return normalised(top)
        wanted = [f"\n{top}/".encode(), f"\n{top}.".encode()]
        for site in self._sites:
            if file and Path(file).is_relative_to(site):
                wanted = [f"\n{Path(file).relative_to(site).as_posix()},".encode()]
        for name, (_, folder) in self._found.items():
            if any(mark in _record(folder) for mark in wanted):
                return name
        return None

    def closure(self, distributions: Iterable[str]) -> dict[str, str]:
        """The versions of these and of all that they require and that is installed; requirements of extras left out."""
        waiting, done = [normalised(name) for name in distributions], dict[str, str]()
        while waiting:
            name = waiting.pop()
            if name in done or name not in self._found:
                continue
            version, folder = self._found[name]
            done[name] = version
            waiting += _requirements(folder)
        return {name: done[name] for name in sorted(done)}


def _record(folder: Path) -> bytes:
    try:
        return b"\n" + (folder / "RECORD").read_bytes()
    except OSError:
        return b""


def _requirements(folder: Path) -> list[str]:
    try:
        with (folder / "METADATA").open(encoding="utf-8", errors="replace") as file:
            head = [line for line in iter(file.readline, "") if line.startswith("Requires-Dist:") or not line.strip()]
    except OSError:
        return []
    found = [_REQUIREMENT.match(line) for line in head]
    return [normalised(match[1]) for match in found if match and "extra ==" not in match[2]]
