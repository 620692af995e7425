"""Makes and opens a home: the folder that holds the embedded stores."""

import os
import secrets
import shutil
from pathlib import Path
from threading import Lock

import msgspec

from loopwright.core.clock import Clock, Micros, SystemClock
from loopwright.core.codec import from_json, plain, to_json
from loopwright.core.ids import IdSource
from loopwright.errors import ClockRefusedError, HomeTooNewError, NotAHomeError, UsageError
from loopwright.store.backends.local_blobs import LocalBlobs
from loopwright.store.backends.local_tables import LocalTables
from loopwright.store.backends.os_errors import named_os_errors
from loopwright.store.backends.sqlite_kv import SqliteKeyValues
from loopwright.store.backends.sqlite_ledger import SqliteLedger
from loopwright.store.blobs import Blobs
from loopwright.store.kv import KeyValues
from loopwright.store.ledger import Ledger
from loopwright.store.tables import Tables

HOME_FORMAT = 1
HOME_FILE = "home.json"
LEDGER_FILE = "ledger.db"
KV_FILE = "kv.db"
TOKEN_FILE = "token"  # noqa: S105 - a file's name


class HomeFile(msgspec.Struct, frozen=True, kw_only=True):
    """What `home.json` says."""

    format: int
    id: str
    replay: bool = False
    created_at: Micros = 0


class Stores:
    """The four stores of one open home. Safe from several threads; a forked child opens its own.

    `tables` imports no data frame library, and `kv` opens no file, before it is used.
    """

    def __init__(self, home: Path, *, about: HomeFile, clock: Clock, ids: IdSource, fdatasync: bool = False) -> None:
        self._home = home
        self._about = about
        self._clock = clock
        self._blobs = LocalBlobs(home / "blobs", sync="deferred")
        machine = SystemClock() if about.replay else clock
        self._ledger = SqliteLedger(home / LEDGER_FILE, clock=clock, machine=machine, before_full=self._blobs.flush)
        self._tables = LocalTables(
            home / "tables", blobs=self._blobs, ledger=self._ledger, ids=ids, fdatasync=fdatasync
        )
        self._kv: SqliteKeyValues | None = None
        self._lock = Lock()

    @property
    def home(self) -> Path:
        """The folder."""
        return self._home

    @property
    def id(self) -> str:
        """The home's own id."""
        return self._about.id

    @property
    def replay(self) -> bool:
        """Whether the home was made for replay, so that its clock may be set."""
        return self._about.replay

    @property
    def blobs(self) -> Blobs:
        """Bytes by digest; on the device from the next full commit on."""
        return self._blobs

    @property
    def ledger(self) -> Ledger:
        """Refs, journal and records."""
        return self._ledger

    @property
    def tables(self) -> Tables:
        """Append-only rows."""
        return self._tables

    @property
    def kv(self) -> KeyValues:
        """Small values with expiry."""
        with self._lock:
            if self._kv is None:
                self._kv = SqliteKeyValues(self._home / KV_FILE, clock=self._clock)
            return self._kv

    def use_clock(self, clock: Clock) -> None:
        """Go by another workspace clock from now on: times of refs and records, logical times, expiries.

        Raises:
            ClockRefusedError: The home was not made for replay.
        """
        if not self.replay:
            raise ClockRefusedError("this home's clock cannot be set", why="it was not created for replay")
        self._clock = clock
        self._ledger.use_clock(clock)
        with self._lock:
            if self._kv is not None:
                self._kv.use_clock(clock)

    def close(self) -> None:
        """Close every file; what was acknowledged is safe with or without it."""
        self._tables.close()
        self._blobs.flush()
        self._ledger.close()
        with self._lock:
            if self._kv is not None:
                self._kv.close()


def create_home(path: Path, *, replay: bool = False, ids: IdSource, clock: Clock) -> Path:
    """Make a home; one that is there already is left as it is. It appears whole or not at all.

    Args:
        path: The folder to be.
        replay: Whether its clock may be set, now and ever after.
        ids: Names the home.
        clock: Dates it.

    Raises:
        NotAHomeError: Something else is in the way.
        UsageError: A home is there that is for replay where this is not to be, or the other way round.
        NoPermissionError, NoSpaceError: The folder cannot be written.
    """
    if not (path / HOME_FILE).exists():
        building = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        with named_os_errors(path):
            try:
                _build(
                    building, HomeFile(format=HOME_FORMAT, id=ids("home"), replay=replay, created_at=clock.now()), clock
                )
                _publish(building, path)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    if read_home(path).replay != replay:
        raise UsageError(
            f"{path} is there, {'without' if replay else 'with'} a clock that may be set", fix="Name another folder."
        )
    return path


def read_home(home: Path) -> HomeFile:
    """What the home says of itself.

    Raises:
        NotAHomeError: There is none, or its `home.json` is not one.
        HomeTooNewError: A newer version wrote it.
    """
    path = home / HOME_FILE
    try:
        with named_os_errors(path):
            text = path.read_bytes()
    except FileNotFoundError:
        raise NotAHomeError(f"there is no home at {home}", path=str(home)) from None
    try:
        found = plain(text)
        if found["format"] > HOME_FORMAT:
            raise HomeTooNewError(
                f"{home} has format {found['format']}; this version reads up to {HOME_FORMAT}", path=str(home)
            )
        return from_json(text, HomeFile)
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise NotAHomeError(f"{path} does not describe a home", why=str(error), path=str(home)) from error


def open_stores(home: Path, *, clock: Clock, ids: IdSource, fdatasync: bool = False) -> Stores:
    """Open the four stores of a home.

    Args:
        home: The folder, as `create_home` made it.
        clock: The workspace's clock.
        ids: Names table segments.
        fdatasync: Whether rows of tables are on the device before an append returns.

    Raises:
        NotAHomeError, HomeTooNewError, NoPermissionError, NoSpaceError, StoreBusyError.
    """
    about = read_home(home)
    return Stores(home, about=about, clock=clock, ids=ids, fdatasync=fdatasync)


def _build(folder: Path, about: HomeFile, clock: Clock) -> None:
    folder.mkdir(parents=True, mode=0o700)
    for name in ("blobs", "tables", "run"):
        (folder / name).mkdir()
    SqliteLedger(folder / LEDGER_FILE, clock=clock).close()
    SqliteKeyValues(folder / KV_FILE, clock=clock).close()
    _write(folder / TOKEN_FILE, secrets.token_urlsafe(32).encode(), 0o600)
    _write(folder / HOME_FILE, to_json(about), 0o644)


def _write(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _publish(building: Path, path: Path) -> None:
    try:
        building.rename(path)
    except OSError as error:
        # Another process may have made the same home a moment ago, which is as good.
        if not (path / HOME_FILE).exists() and path.exists():
            raise NotAHomeError(f"{path} is in the way", why=error.strerror or "", fix="Move it away.") from error
        if not path.exists():
            raise
