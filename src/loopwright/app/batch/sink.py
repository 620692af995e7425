"""Where answers go: a folder of parts, one file, an object store, or a table; each knows which parts it has."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import polars as pl

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.files import FileFormat, is_remote
from loopwright.app.batch.parts_log import PartsLog
from loopwright.core.hashing import Digest, digest_file
from loopwright.errors import SourceError
from loopwright.store.backends.os_errors import named_os_errors

REJECTS = "_rejects"


class Sink(Protocol):
    """Takes the parts of one batch in order; a part that was taken is kept whole, and once, whatever happens next."""

    def done(self) -> tuple[PartDone, ...]:
        """The parts that are kept."""

    def write(self, part: PartDone, answers: pl.DataFrame, rejects: pl.DataFrame) -> None:
        """Keep a part. Writing again what a kill may have interrupted gives the same."""

    def finish(self) -> None:
        """Publish the whole; may be called again after a kill."""

    def rejects_at(self) -> str | None:
        """Where refused rows are, if there are any."""

    def digest(self) -> Digest | None:
        """Of the content, where it is one file here."""

    def close(self) -> None:
        """Let go of what is held open."""


class FolderSink:
    """Parquet files in a folder here or in an object store, and those of refused rows in `_rejects` below it.

    Args:
        address: The folder: a path or a URL.
        batch: The batch's id, of which each file's name has the beginning.
        log: Which parts are finished.
    """

    def __init__(self, address: str, batch: str, log: PartsLog) -> None:
        self._address = address.rstrip("/")
        self._stem = f"part-{batch.partition('_')[2][:8]}"
        self._log = log

    def done(self) -> tuple[PartDone, ...]:
        return self._log.read()

    def write(self, part: PartDone, answers: pl.DataFrame, rejects: pl.DataFrame) -> None:
        name = f"{self._stem}-{part.index:06}.parquet"
        _put(answers, f"{self._address}/{name}")
        if rejects.height:
            _put(rejects, f"{self._address}/{REJECTS}/{name}")
        self._log.add([part])

    def finish(self) -> None:
        if not is_remote(self._address):
            Path(self._address).mkdir(parents=True, exist_ok=True)

    def rejects_at(self) -> str | None:
        refused = any(part.refused for part in self._log.read())
        return f"{self._address}/{REJECTS}" if refused else None

    def digest(self) -> Digest | None:
        return None

    def close(self) -> None:
        return None

    def files(self, *, rejects: bool = False) -> list[Path]:
        """The finished parts' files here, in order; those of refused rows, where there are any."""
        folder = Path(self._address) / (REJECTS if rejects else "")
        names = [f"{self._stem}-{p.index:06}.parquet" for p in self._log.read() if p.refused or not rejects]
        return [folder / name for name in names]


class FileSink:
    """One file: parts are kept aside, and become the file at the end, in one move.

    Args:
        address: The file: a path or a URL.
        kind: Its format.
        staged: The parts.
    """

    def __init__(self, address: str, kind: FileFormat, staged: FolderSink) -> None:
        self._address = address
        self._kind = kind
        self._staged = staged

    def done(self) -> tuple[PartDone, ...]:
        return self._staged.done()

    def write(self, part: PartDone, answers: pl.DataFrame, rejects: pl.DataFrame) -> None:
        self._staged.write(part, answers, rejects)

    def finish(self) -> None:
        _joined(self._staged.files(), self._address, self._kind)
        refused = self._staged.files(rejects=True)
        if refused:
            _joined(refused, self._rejects(), self._kind)
        elif not is_remote(self._address):
            Path(self._rejects()).unlink(missing_ok=True)

    def rejects_at(self) -> str | None:
        return self._rejects() if self._staged.files(rejects=True) else None

    def digest(self) -> Digest | None:
        return None if is_remote(self._address) else digest_file(Path(self._address))

    def close(self) -> None:
        return None

    def _rejects(self) -> str:
        head, dot, suffix = self._address.rpartition(".")
        return f"{head}.rejects{dot}{suffix}"


def _joined(parts: Iterable[Path], address: str, kind: FileFormat) -> None:
    """Parts as one file, streamed."""
    frames = [pl.scan_parquet(path, glob=False, hive_partitioning=False) for path in parts]
    whole = pl.concat(frames, how="vertical_relaxed") if frames else pl.LazyFrame()
    sinks: dict[FileFormat, Callable[[str], object]] = {
        "parquet": whole.sink_parquet, "csv": whole.sink_csv, "ndjson": whole.sink_ndjson, "arrow": whole.sink_ipc
    }  # fmt: skip
    if is_remote(address):
        _kept(address, lambda: sinks[kind](address))
        return
    _published(Path(address), lambda draft: sinks[kind](str(draft)))


def _put(frame: pl.DataFrame, address: str) -> None:
    if is_remote(address):
        _kept(address, lambda: frame.write_parquet(address, compression="snappy"))
        return
    _published(Path(address), lambda draft: frame.write_parquet(draft, compression="snappy"))


def _kept(address: str, write: Callable[[], object]) -> None:
    try:
        write()
    except (OSError, pl.exceptions.PolarsError) as error:
        raise SourceError(
            f"{address} cannot be written", why=str(error).strip().splitlines()[0],
            fix="Check the address and the object store's credentials, then run the same command again.",
        ) from error  # fmt: skip


def _published(path: Path, write: Callable[[Path], object]) -> None:
    """A file that appears whole, and is on the device when this returns."""
    with named_os_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.new")
        write(draft)
        with draft.open("rb") as file:
            os.fsync(file.fileno())
        draft.replace(path)
