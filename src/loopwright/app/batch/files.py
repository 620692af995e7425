"""The files that a batch reads: found, counted, digested, and given out in frames of a set number of rows."""

import glob
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import polars as pl

from loopwright.core.codec import canonical, plain
from loopwright.core.hashing import Digest, digest_value
from loopwright.data.source import StatCache
from loopwright.errors import NoPermissionError, SourceError

FileFormat = Literal["parquet", "csv", "ndjson", "arrow"]
FORMATS: dict[str, FileFormat] = {
    ".parquet": "parquet", ".pq": "parquet", ".csv": "csv", ".tsv": "csv", ".ndjson": "ndjson", ".jsonl": "ndjson",
    ".arrow": "arrow", ".ipc": "arrow", ".feather": "arrow",
}  # fmt: skip
LINE = "_line"
"""The one column of a frame of NDJSON: each row's own text."""
_REMOTE = ("s3://", "gs://", "az://", "abfss://", "http://", "https://", "hf://")
_SEPARATORS = ",;\t|"


class InputFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a batch's input.

    Attributes:
        path: Where it is: an absolute path or a URL.
        format: How it is read.
        rows: How many it has.
        digest: Of its content where it is here; of its address, row count and columns where it is remote.
        stamp: Size and time of change when it was planned, for a file that is here.
    """

    path: str
    format: FileFormat
    rows: int
    digest: Digest
    stamp: tuple[int, int] | None = None


def is_remote(address: str) -> bool:
    """Whether an address is a URL that Polars reads and writes itself."""
    return address.startswith(_REMOTE)


def format_of(address: str) -> FileFormat | None:
    """The format that an address's suffix says, or None."""
    return FORMATS.get(Path(address.partition("?")[0]).suffix.lower())


def input_files(address: str, base: Path) -> tuple[InputFile, ...]:
    """The files that an address means, in the order of their names.

    Args:
        address: A file, a glob, a folder, or a URL of a file or a glob in an object store.
        base: What a relative path is relative to.

    Raises:
        SourceError: It means no file, one of an unknown format, or one that cannot be read.
    """
    digests = StatCache()
    found = [address] if is_remote(address) else [str(path) for path in local_files(address, base)]
    files = []
    for path in found:
        kind = format_of(path)
        if kind is None:
            raise SourceError(
                f"{path} has a suffix that says no format", why=f"known: {', '.join(FORMATS)}", fix="Rename the file."
            )
        files.append(_described(path, kind, digests))
    return tuple(files)


def local_files(address: str, base: Path) -> list[Path]:
    """The files here that an address means, links followed, in the order of their names.

    Raises:
        SourceError: It means none.
    """
    path = base / Path(address).expanduser()
    if path.is_dir():
        found = [entry for entry in path.iterdir() if entry.suffix.lower() in FORMATS and entry.name[0] not in "._"]
    elif path.is_file():
        found = [path]
    else:
        found = [Path(entry) for entry in glob.glob(str(path), recursive=True) if Path(entry).is_file()]
    if not found:
        raise SourceError(f"{address} means no file", fix="Name a file, a folder with data files, or a glob in quotes.")
    return sorted(entry.resolve() for entry in found)


def unchanged(file: InputFile) -> bool:
    """Whether a file is still what it was when the batch was planned; a remote one is taken at its word."""
    return file.stamp is None or _stamp(file.path) == file.stamp


def columns_of(file: InputFile) -> tuple[str, ...] | None:
    """The file's columns; None for NDJSON, where each row has its own.

    Raises:
        SourceError: It is not what its suffix says.
    """
    if file.format == "ndjson":
        return None
    with _reading(file.path):
        return tuple(_lazy(file.path, file.format).collect_schema().names())


def frames_of(file: InputFile, columns: Sequence[str] | None, *, start: int, rows: int) -> Iterator[pl.DataFrame]:
    """The file's rows from `start` on, in order, in frames of `rows` rows; the last may have fewer.

    Args:
        file: What to read. CSV comes as text, NDJSON as one column of lines.
        columns: Which columns; all where None.
        start: How many rows to leave out.
        rows: Rows a frame.

    Raises:
        SourceError: It cannot be read on as what its suffix says.
    """
    lazy = _lazy(file.path, file.format)
    if columns is not None and file.format != "ndjson":
        lazy = lazy.select(columns)
    if start:
        lazy = lazy.slice(start)
    with _reading(file.path):
        yield from _cut(lazy.collect_batches(chunk_size=rows, maintain_order=True, lazy=True, engine="streaming"), rows)


def _cut(batches: Iterator[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Batches of any size as frames of exactly `rows` rows, and a last one."""
    waiting: list[pl.DataFrame] = []
    held = 0
    for batch in batches:
        waiting.append(batch)
        held += batch.height
        while held >= rows:
            whole = pl.concat(waiting) if len(waiting) > 1 else waiting[0]
            yield whole.head(rows)
            rest = whole.slice(rows)
            waiting, held = ([rest] if rest.height else []), rest.height
    if held:
        yield pl.concat(waiting)


def _described(path: str, kind: FileFormat, digests: StatCache) -> InputFile:
    with _reading(path):
        lazy = _lazy(path, kind)
        rows = int(lazy.select(pl.len()).collect().item())
        if is_remote(path):
            schema = {name: str(dtype) for name, dtype in lazy.collect_schema().items()}
            return InputFile(path=path, format=kind, rows=rows, digest=digest_value([path, rows, schema]))
    digest, _ = digests.digest(Path(path))
    return InputFile(path=path, format=kind, rows=rows, digest=digest, stamp=_stamp(path))


def _stamp(path: str) -> tuple[int, int] | None:
    try:
        stat = Path(path).stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns


def _lazy(path: str, kind: FileFormat) -> pl.LazyFrame:
    if kind == "parquet":
        return pl.scan_parquet(path, glob=is_remote(path), hive_partitioning=False)
    if kind == "arrow":
        return pl.scan_ipc(path, glob=is_remote(path), hive_partitioning=False)
    if kind == "csv":
        return pl.scan_csv(path, glob=is_remote(path), infer_schema=False, separator=_separator(path))
    return pl.scan_lines(path, name=LINE, glob=is_remote(path)).filter(pl.col(LINE).str.strip_chars() != "")


def _separator(path: str) -> str:
    """The separator that the header line has most of; a tab for `.tsv`, a comma where it has none."""
    if Path(path).suffix.lower() == ".tsv":
        return "\t"
    if is_remote(path):
        return ","
    with Path(path).open("rb") as file:
        header = file.readline(65_536).decode("utf-8", "replace")
    return max(_SEPARATORS, key=header.count)


class _reading:  # noqa: N801 - used as a statement
    """Names the file in whatever Polars or the system say about it."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, PermissionError):
            raise NoPermissionError(f"{self._path} may not be read", why=str(error)) from error
        if isinstance(error, OSError | pl.exceptions.PolarsError):
            why = str(error).strip().splitlines()
            raise SourceError(f"{self._path} cannot be read", why=why[0] if why else type(error).__name__) from error


def decoded_lines(lines: Sequence[str]) -> list[Any]:
    """NDJSON lines as values; a line that is no JSON is its own text, which is no record."""
    made: list[Any] = []
    for line in lines:
        try:
            made.append(plain(line))
        except (msgspec.DecodeError, ValueError):
            made.append(line)
    return made


def digest_of_inputs(files: Sequence[InputFile]) -> Digest:
    """One digest for all that a batch reads, whatever it is called."""
    return digest_value(plain(canonical([[file.format, file.rows, file.digest] for file in files])))
