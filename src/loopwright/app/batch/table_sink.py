"""A table of a database as the place where answers go; parts and what they wrote are one transaction."""

import polars as pl

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.database import Database
from loopwright.core.hashing import Digest


class TableSink:
    """Answers in `table`, refused rows in `table_rejects`, each with the batch's id.

    Args:
        database: Where the tables are.
        address: The database, as it may be shown.
        table: The checked name.
        batch: The batch's id.
    """

    def __init__(self, database: Database, *, address: str, table: str, batch: str) -> None:
        self._database = database
        self._address = address
        self._table = table
        self._batch = batch

    @property
    def _refused(self) -> str:
        return f"{self._table}_rejects"

    def done(self) -> tuple[PartDone, ...]:
        return self._database.done(self._batch)

    def write(self, part: PartDone, answers: pl.DataFrame, rejects: pl.DataFrame) -> None:
        tables = {self._table: answers} | ({self._refused: rejects} if rejects.height else {})
        self._database.write(self._batch, part, tables)

    def finish(self) -> None:
        return None

    def rejects_at(self) -> str | None:
        refused = any(part.refused for part in self.done())
        return f"{self._address} table {self._refused}" if refused else None

    def digest(self) -> Digest | None:
        return None

    def close(self) -> None:
        self._database.close()

    def remove(self, batch: str) -> None:
        """Take away what an earlier batch wrote."""
        self._database.remove(batch, (self._table, self._refused))
