"""A dataset version as a value: its declaration, its schema and its parts, and where the ledger keeps it.

No data library is imported here: whether anything changed is asked before one is needed.
"""

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest, digest_value
from loopwright.errors import NotFoundError
from loopwright.store.ledger import Record
from loopwright.store.open_stores import Stores

RECORD_KIND = "dataset_version"


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that landed together: one Parquet blob.

    Attributes:
        blob: The digest of its Parquet bytes.
        rows: How many.
        known_at: When the landing became known; rows may have a time of their own.
        source: The file's path relative to the project; None for rows that were pushed or handed over as a frame.
        source_digest: What identifies the content where it came from.
        unique_by: The key column whose values are unique within the part, if they are.
        first_event_at, last_event_at: The span of event times.
        own_known_at: True where the blob has a `_known_at` column of its own (pushed rows).
    """

    blob: Digest
    rows: int
    known_at: Micros
    source_digest: Digest
    source: str | None = None
    unique_by: str | None = None
    first_event_at: Micros | None = None
    last_event_at: Micros | None = None
    own_known_at: bool = False


class DatasetVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version. `schema` is column and type, in order; `known_at` names the row-level column, if there is one."""

    name: str
    schema: tuple[tuple[str, str], ...]
    parts: tuple[Part, ...]
    key: str | None = None
    event_time: str | None = None
    known_at: str | None = None
    format_version: int = 1

    @property
    def digest(self) -> Digest:
        return digest_value(self)

    @property
    def rows_landed(self) -> int:
        """Rows of all parts; with a key, several may be versions of one row."""
        return sum(part.rows for part in self.parts)

    @property
    def last_event_at(self) -> Micros | None:
        """The stream's watermark."""
        return max((part.last_event_at for part in self.parts if part.last_event_at is not None), default=None)

    def record(self, *, at: Micros) -> Record:
        """The version as the ledger keeps it."""
        facets: dict[str, str | float | int | bool] = {
            "name": self.name,
            "rows_landed": self.rows_landed,
            "parts": len(self.parts),
        }
        return Record(kind=RECORD_KIND, id=self.digest, data=msgspec.to_builtins(self), facets=facets, at=at)


def ref_of(name: str, *, namespace: str = "default") -> str:
    """The pointer to a dataset's newest version."""
    return f"{namespace}/dataset/{name}@latest"


def current(stores: Stores, name: str) -> DatasetVersion | None:
    """The newest version, or None where nothing has landed."""
    digest = stores.ledger.ref(ref_of(name))
    return None if digest is None else version_of(stores, digest)


def version_of(stores: Stores, digest: Digest) -> DatasetVersion:
    """The version of that digest.

    Raises:
        NotFoundError: There is none.
    """
    record = stores.ledger.record(RECORD_KIND, digest)
    if record is None:
        raise NotFoundError(f"there is no dataset version {digest}", fix="Run `loopwright status` to see the versions.")
    return msgspec.convert(record.data, DatasetVersion)
