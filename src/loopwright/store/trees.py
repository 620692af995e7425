"""A tree: a sorted list of (path, size, digest), itself a blob, so that one digest pins a folder.

Only regular files count: modes, times and empty folders are no part of a tree.
"""

import secrets
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from loopwright.core.codec import canonical, plain
from loopwright.core.hashing import Digest
from loopwright.errors import BlobCorruptError, UsageError
from loopwright.store.backends.os_errors import named_os_errors
from loopwright.store.blobs import Blobs

TREE_FORMAT = "tree/1"


class TreeEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a tree: its relative path with `/`, its size in bytes, its content's digest."""

    path: str
    size: int
    digest: Digest


def put_tree(blobs: Blobs, files: Mapping[str, bytes]) -> Digest:
    """Store files by relative path as a tree.

    Raises:
        UsageError: A path is absolute, climbs, or is a file and a folder at once.
    """
    _check_paths(files)
    return _put(blobs, (TreeEntry(path=path, size=len(data), digest=blobs.put(data)) for path, data in files.items()))


def put_folder(blobs: Blobs, folder: Path) -> Digest:
    """Store every file under `folder` as a tree; the same files by `put_tree` have the same digest.

    Raises:
        UsageError: `folder` is not a folder, or something in it is neither a file nor a folder (a link, a socket).
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", fix="Name an existing folder.")
    entries: list[TreeEntry] = []
    with named_os_errors(folder):
        for path in sorted(folder.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                continue
            if path.is_symlink() or not path.is_file():
                raise UsageError(
                    f"{path} is not a regular file", fix="Replace the link by a copy of what it points to."
                )
            name = path.relative_to(folder).as_posix()
            entries.append(TreeEntry(path=name, size=path.stat().st_size, digest=blobs.put_file(path)))
    _check_paths([entry.path for entry in entries])
    return _put(blobs, entries)


def read_tree(blobs: Blobs, digest: Digest) -> tuple[TreeEntry, ...]:
    """The tree's entries, sorted by path.

    Raises:
        BlobMissingError: The tree is not in the store.
        BlobCorruptError: The blob is not a tree, or names a path that leaves its folder.
    """
    try:
        found: Any = plain(blobs.get(digest))
        if found["format"] != TREE_FORMAT:
            raise ValueError(f"its format is {found['format']!r}")
        entries = tuple(TreeEntry(path=path, size=size, digest=name) for path, size, name in found["entries"])
        _check_paths([entry.path for entry in entries])
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, UsageError) as error:
        raise BlobCorruptError(f"blob {digest[:12]}… is not a tree", why=str(error), digest=digest) from error
    return entries


def tree_files(blobs: Blobs, digest: Digest) -> dict[str, bytes]:
    """Every file's content by path."""
    return {entry.path: blobs.get(entry.digest) for entry in read_tree(blobs, digest)}


def extract_tree(blobs: Blobs, digest: Digest, folder: Path) -> None:
    """Write the tree's files as `folder`, which appears whole or not at all.

    Raises:
        UsageError: `folder` exists and is not empty.
    """
    entries = read_tree(blobs, digest)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is in the way", fix="Name a folder that does not exist.")
    building = folder.with_name(f".{folder.name}.{secrets.token_hex(8)}")
    with named_os_errors(folder):
        try:
            building.mkdir(parents=True)
            for entry in entries:
                target = building / entry.path
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(blobs.local_path(entry.digest), target)
            building.rename(folder)
        except BaseException:
            shutil.rmtree(building, ignore_errors=True)
            raise


def _put(blobs: Blobs, entries: Iterable[TreeEntry]) -> Digest:
    rows = sorted((entry.path, entry.size, entry.digest) for entry in entries)
    return blobs.put(canonical({"format": TREE_FORMAT, "entries": rows}))


def _check_paths(paths: Iterable[str]) -> None:
    names = list(paths)
    files = set(names)
    if len(files) != len(names):
        raise UsageError("a path is in the tree twice")
    for name in names:
        path = PurePosixPath(name)
        unsafe = path.is_absolute() or ".." in path.parts or str(path) != name or "\\" in name or "\0" in name
        if unsafe or name == ".":
            raise UsageError(f"{name!r} is not a path within a tree", fix="Use relative paths with / and without `..`.")
        if any(str(parent) in files for parent in path.parents):
            raise UsageError(f"{name!r} lies under a path that is a file in the same tree")
