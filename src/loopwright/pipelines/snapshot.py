"""The snapshot of a plan in which nothing had changed: answers the next `run` without importing the loop file.

It holds what the plan was made from. While all of that is as it was, the old answer is the answer; anything that is
unknown or different means that there is none, and the plan is made anew. Imports only the standard library, msgspec
and blake3, directly or not.
"""

import glob
import os
import secrets
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.clock import Clock, SystemClock
from loopwright.core.codec import canonical, from_json
from loopwright.core.hashing import Digest, digest_bytes, digest_file, digest_value
from loopwright.pipelines.distributions import listing_digest
from loopwright.version import VERSION

SNAPSHOT_FORMAT = 1
_ALWAYS_WATCHED = ("PYTHONPATH",)
_SETTLED_NS = 2_000_000_000
"""A file changed less than this before it was looked at may change again without another modification time."""


class WatchedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was: `stat` is `[size, modified, changed, inode]`; `settled` says that an equal stat proves it."""

    path: str
    digest: Digest
    stat: tuple[int, int, int, int]
    settled: bool


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan was made from, and its answer.

    Attributes:
        format: The version of this form.
        key: What was asked: the loop file, the pipeline, its parameters.
        interpreter: Names the interpreter and this package's version.
        distributions: Names what is installed.
        variables: Digest by environment variable; empty where it was not set.
        files: Every file that was read.
        folders: Digest of the names of modules and folders, by folder: a new one may hide an old one.
        globs: Digest of the matching paths, by pattern.
        facts: Anything else that the caller compares, such as where refs point.
        answer: JSON to be shown again.
    """

    format: int
    key: str
    interpreter: str
    distributions: Digest
    variables: dict[str, Digest]
    files: tuple[WatchedFile, ...]
    folders: dict[str, Digest]
    globs: dict[str, Digest]
    facts: dict[str, str]
    answer: Any


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """What a plan depends on, beside the interpreter and what is installed.

    Attributes:
        sources: Digest by source file, as the plan read it.
        data: Data files.
        globs: Patterns whose set of matching files counts; the files that match are data files too.
        variables: Names of environment variables.
        facts: Compared as they are.
    """

    sources: dict[str, Digest] = {}
    data: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    variables: tuple[str, ...] = ()
    facts: dict[str, str] = {}


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a snapshot still holds: its answer if it does, else what differs."""

    answer: Any = None
    changed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing that the plan was made from has changed."""
        return not self.changed


def save_snapshot(
    home: Path, key: str, *, watch: Watch, answer: Any, variables: Mapping[str, str], clock: Clock | None = None
) -> bool:
    """Keep an answer.

    Args:
        home: The home's folder.
        key: What was asked.
        watch: What the answer depends on.
        answer: JSON.
        variables: The environment.
        clock: The machine's clock, by which files are dated.

    Returns:
        False, and nothing is kept, where a source file is not as the plan read it, or a file is gone.
    """
    now_ns = (clock or SystemClock()).now() * 1000
    matched = [path for pattern in watch.globs for path in _matching(pattern)]
    paths = dict.fromkeys([*watch.sources, *watch.data, *matched])
    try:
        files = tuple(_watched(path, now_ns) for path in paths)
    except OSError:
        return False
    if any(watch.sources.get(file.path, file.digest) != file.digest for file in files):
        return False
    folders = sorted({str(Path(path).parent) for path in watch.sources})
    _write(
        _path(home, key),
        Snapshot(
            format=SNAPSHOT_FORMAT,
            key=key,
            interpreter=_interpreter(),
            distributions=listing_digest(),
            variables=_digests((*_ALWAYS_WATCHED, *watch.variables), variables),
            files=files,
            folders={folder: _names(folder) for folder in folders},
            globs={pattern: digest_value(_matching(pattern)) for pattern in watch.globs},
            facts=watch.facts,
            answer=answer,
        ),
    )
    return True


def load_snapshot(home: Path, key: str) -> Snapshot | None:
    """The snapshot of that key; None where there is none that this version can read."""
    try:
        snapshot = from_json(_path(home, key).read_bytes(), Snapshot)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return snapshot if snapshot.format == SNAPSHOT_FORMAT and snapshot.key == key else None


def check_snapshot(
    home: Path, key: str, *, facts: Mapping[str, str], variables: Mapping[str, str], clock: Clock | None = None
) -> Checked:
    """Ask the snapshot of that key.

    Files whose time alone has changed are read; where their content is the same, the snapshot learns their new time.

    Args:
        home: The home's folder.
        key: What is asked.
        facts: The caller's facts, now.
        variables: The environment, now.
        clock: The machine's clock.
    """
    snapshot = load_snapshot(home, key)
    if snapshot is None:
        return Checked(changed=("there is no snapshot",))
    changed = _changed_surroundings(snapshot, facts, variables)
    if changed:
        return Checked(changed=tuple(changed))
    now_ns = (clock or SystemClock()).now() * 1000
    files = tuple(_looked_at(file, now_ns) for file in snapshot.files)
    lost = tuple(old.path for old, new in zip(snapshot.files, files, strict=True) if new is None)
    if lost:
        return Checked(changed=lost)
    known = tuple(file for file in files if file is not None)
    if known != snapshot.files:
        _write(_path(home, key), msgspec.structs.replace(snapshot, files=known))
    return Checked(answer=snapshot.answer)


def _changed_surroundings(snapshot: Snapshot, facts: Mapping[str, str], variables: Mapping[str, str]) -> list[str]:
    changed = []
    if snapshot.interpreter != _interpreter():
        changed.append("the interpreter")
    if snapshot.distributions != listing_digest():
        changed.append("the installed distributions")
    now = _digests(snapshot.variables, variables)
    changed += [f"${name}" for name, digest in snapshot.variables.items() if now[name] != digest]
    changed += sorted(
        name for name in snapshot.facts.keys() | facts.keys() if snapshot.facts.get(name) != facts.get(name)
    )
    changed += [folder for folder, names in snapshot.folders.items() if _names(folder) != names]
    return changed + [pattern for pattern, paths in snapshot.globs.items() if digest_value(_matching(pattern)) != paths]


def _looked_at(file: WatchedFile, now_ns: int) -> WatchedFile | None:
    """The file as it is now; None where its content is another or it is gone."""
    try:
        if file.settled and _stat(file.path) == file.stat:
            return file
        now = _watched(file.path, now_ns)
    except OSError:
        return None
    return now if now.digest == file.digest else None


def _watched(path: str, now_ns: int) -> WatchedFile:
    before = _stat(path)
    digest = digest_file(Path(path))
    settled = before == _stat(path) and now_ns - max(before[1], before[2]) >= _SETTLED_NS
    return WatchedFile(path=path, digest=digest, stat=before, settled=settled)


def _stat(path: str) -> tuple[int, int, int, int]:
    found = os.stat(path)
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def _names(folder: str) -> Digest:
    """Digest of the names under which an import could find something in the folder; of nothing where it is gone."""
    try:
        with os.scandir(folder) as entries:
            found = [
                entry.name
                for entry in entries
                if entry.name.endswith((".py", ".so")) or (entry.name[0] not in "._" and entry.is_dir())
            ]
    except OSError:
        found = []
    return digest_value(sorted(found))


def _matching(pattern: str) -> list[str]:
    return sorted(glob.glob(pattern, recursive=True))


def _digests(names: Iterable[str], variables: Mapping[str, str]) -> dict[str, Digest]:
    return {name: digest_bytes(variables[name].encode()) if name in variables else "" for name in names}


def _interpreter() -> str:
    return digest_value([sys.version, sys.executable, sys.prefix, VERSION])


def _path(home: Path, key: str) -> Path:
    return home / "run" / "plans" / f"{digest_bytes(key.encode())[:32]}.json"


def _write(path: Path, snapshot: Snapshot) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    temporary.write_bytes(canonical(snapshot))
    temporary.replace(path)
