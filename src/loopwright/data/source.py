"""Which files a source means, and the digest of each, without reading a file that has not changed.

Nothing here imports a data library: this is what a run asks first, to learn that nothing changed.
"""

import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from loopwright.core.clock import SECOND, Clock, Micros, SystemClock
from loopwright.core.codec import from_json, to_json
from loopwright.core.hashing import Digest, digest_file
from loopwright.errors import NoPermissionError, SourceError

SUFFIXES = (".csv", ".tsv", ".parquet", ".pq")
_FRESH: Micros = 2 * SECOND


class SourceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a source. `name` is its path relative to the project where it lies inside, else absolute."""

    path: str
    name: str
    digest: Digest
    size_bytes: int


class CachedDigest(msgspec.Struct, frozen=True, kw_only=True):
    """A digest, with the stat under which it was taken and the machine's time when it was."""

    size_bytes: int
    mtime_ns: int
    inode: int
    hashed_at: Micros
    digest: Digest

    def trusted(self, size_bytes: int, mtime_ns: int, inode: int) -> bool:
        """Whether the file cannot have changed since: same stat, and it was at rest for 2 s when it was hashed.

        A file written again within the file system's time step keeps its mtime, so a young mtime proves nothing.
        """
        same = (self.size_bytes, self.mtime_ns, self.inode) == (size_bytes, mtime_ns, inode)
        return same and mtime_ns // 1000 + _FRESH <= self.hashed_at


class StatCache:
    """Digests of files by path, kept in one JSON file. Losing it costs a hash of each file, nothing else.

    Args:
        file: Where it is kept; None keeps it in memory only.
        clock: The machine's clock (never a replay's: file times are the machine's).
    """

    def __init__(self, file: Path | None = None, *, clock: Clock | None = None) -> None:
        self._file = file
        self._clock = clock or SystemClock()
        self._entries = _load(file)
        self._changed = False

    def digest(self, path: Path) -> tuple[Digest, int]:
        """The file's digest and size in bytes, hashed only where the stat cannot vouch for it.

        Raises:
            SourceError: There is no such file, or it cannot be read.
        """
        try:
            stat = path.stat()
            known = self._entries.get(str(path))
            if known and known.trusted(stat.st_size, stat.st_mtime_ns, stat.st_ino):
                return known.digest, stat.st_size
            hashed_at = self._clock.now()
            digest = digest_file(path)
        except PermissionError as error:
            raise NoPermissionError(f"{path} may not be read", why=str(error)) from error
        except OSError as error:
            raise SourceError(f"{path} cannot be read", why=str(error)) from error
        self._entries[str(path)] = CachedDigest(
            size_bytes=stat.st_size, mtime_ns=stat.st_mtime_ns, inode=stat.st_ino, hashed_at=hashed_at, digest=digest
        )
        self._changed = True
        return digest, stat.st_size

    def save(self) -> None:
        """Write the file if anything was learned; a reader sees the old or the new one, never half."""
        if self._file is None or not self._changed:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_name(f"{self._file.name}.{id(self):x}.new")
        draft.write_bytes(to_json(self._entries))
        draft.replace(self._file)
        self._changed = False


def discover(patterns: Iterable[str], project: Path) -> tuple[Path, ...]:
    """The files that the patterns mean, each once, sorted by path.

    A pattern may be a file, a glob (`**` crosses folders) or a folder, whose data files it then means.

    Raises:
        SourceError: A pattern means no file, or one whose suffix is not CSV's or Parquet's.
    """
    found: set[Path] = set()
    for pattern in patterns:
        matches = _matches(pattern, project)
        if not matches:
            raise SourceError(
                f"no file matches {pattern!r}",
                why=f"looked in {project}",
                fix="Correct `source`, or put the file there.",
            )
        found.update(matches)
    strange = [path for path in sorted(found) if path.suffix.lower() not in SUFFIXES]
    if strange:
        raise SourceError(
            f"{strange[0]} is neither CSV nor Parquet",
            why=f"known suffixes: {', '.join(SUFFIXES)}",
            fix="Convert the file, or narrow the glob.",
        )
    return tuple(sorted(found))


def probe(patterns: Sequence[str], *, project: Path, cache: StatCache | None = None) -> tuple[SourceFile, ...]:
    """Every file of the source with its digest, sorted by path; unchanged files are not read.

    Raises:
        SourceError: A pattern means no readable data file.
    """
    cache = StatCache() if cache is None else cache
    files = []
    for path in discover(patterns, project):
        digest, size = cache.digest(path)
        files.append(SourceFile(path=str(path), name=name_of(path, project), digest=digest, size_bytes=size))
    cache.save()
    return tuple(files)


def name_of(path: Path, project: Path) -> str:
    """The path relative to the project where it lies inside, else as it is."""
    return path.relative_to(project).as_posix() if path.is_relative_to(project) else path.as_posix()


def _matches(pattern: str, project: Path) -> list[Path]:
    literal = project / pattern
    if literal.is_dir():
        return sorted(p for p in literal.rglob("*") if p.is_file() and p.suffix.lower() in SUFFIXES)
    if literal.is_file():
        return [literal]
    return [Path(p) for p in glob.glob(str(literal), recursive=True) if Path(p).is_file()]


def _load(file: Path | None) -> dict[str, CachedDigest]:
    if file is None or not file.is_file():
        return {}
    try:
        return from_json(file.read_bytes(), dict[str, CachedDigest])
    except (msgspec.MsgspecError, OSError):
        return {}  # a cache that cannot be read is an empty cache
