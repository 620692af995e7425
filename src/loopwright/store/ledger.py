"""The ledger seam: refs, journal and records, moved together in one transaction."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.codec import canonical
from loopwright.core.events import Event, EventDraft
from loopwright.errors import UsageError

Durability = Literal["full", "normal"]
FacetValue = str | float | int | bool


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A versioned thing: `kind` is data, not a table. `data` is any JSON value set; `facets` are what lists filter by.

    Facet values are strings, numbers or booleans; a facet may not hold row content. A number that is not finite says
    nothing to filter or order by: such a facet is left out when the record is stored. `at` 0 becomes the commit's time.
    """

    kind: str
    id: str
    data: dict[str, Any]
    facets: dict[str, str | float | int | bool] = {}
    at: Micros = 0


def json_of(value: Any, whose: str) -> bytes:
    """The value's canonical JSON, as ledgers store it.

    Raises:
        UsageError: It holds something that JSON cannot say.
    """
    try:
        return canonical(value)
    except (TypeError, ValueError, OverflowError) as error:
        raise UsageError(f"the data of {whose} is not JSON", why=str(error), fix="Pass plain JSON values.") from error


def indexed_facets(record: Record) -> dict[str, FacetValue]:
    """The facets that are stored: those with a finite value."""
    return {name: value for name, value in record.facets.items() if isinstance(value, str) or math.isfinite(value)}


class RefMove(msgspec.Struct, frozen=True, kw_only=True):
    """One past move of a ref: `seq` is the last event of the commit that moved it (0 where the commit had none)."""

    name: str
    target: str | None
    at: Micros
    seq: int


class Ledger(ABC):
    """Named pointers, an append-only hash-chained journal, and records, committed together or not at all.

    Safe from several threads and processes; writers queue for a bounded time. A commit that returned survives a kill of
    the process at once ("normal") and of the machine ("full").

    Raises (any method): StoreBusyError, NoSpaceError, NoPermissionError, HomeTooNewError.
    """

    @abstractmethod
    def commit(
        self,
        *,
        expect: Mapping[str, str | None] | None = None,
        moves: Mapping[str, str | None] | None = None,
        records: Sequence[Record] = (),
        events: Sequence[EventDraft] = (),
        durability: Durability = "full",
    ) -> tuple[Event, ...]:
        """Check every ref in `expect` (None: the ref must not exist), then move refs (None: remove), upsert records by
        (kind, id), and append events, in one transaction. Events come back as `read` would give them.

        Raises, and then writes nothing: ConflictError when a ref is not what `expect` says; UsageError when an event
        names a cause that is not there, or data is not JSON.
        """

    @abstractmethod
    def ref(self, name: str) -> str | None:
        """Where the ref points, or None."""

    @abstractmethod
    def refs(self, prefix: str = "") -> dict[str, str]:
        """Every ref whose name starts with `prefix`, sorted by name."""

    @abstractmethod
    def history(self, name: str) -> tuple[RefMove, ...]:
        """Every move of the ref, oldest first."""

    @abstractmethod
    def read(self, *, after: int = 0, limit: int = 1000) -> tuple[Event, ...]:
        """Events with `seq > after`, in order. Polling this with a durable cursor is the only notification."""

    @abstractmethod
    def record(self, kind: str, id: str) -> Record | None:
        """One record, or None."""

    @abstractmethod
    def search(
        self,
        kind: str,
        *,
        where: Mapping[str, str | float | int | bool] | None = None,
        order: str = "-at",
        limit: int = 100,
    ) -> tuple[Record, ...]:
        """Records of a kind whose facets equal `where`, ordered by `at` or a facet (`-` for descending).

        Ties are ordered by id; records that lack the facet come last; numbers come before strings. True equals 1.
        """
