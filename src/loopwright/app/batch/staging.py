"""The rows of a query, read once and kept as Parquet until they are scored: asked twice, it may answer otherwise."""

import shutil
from pathlib import Path

import polars as pl

from loopwright.app.batch.database import open_database
from loopwright.app.batch.files import InputFile, input_files
from loopwright.core.schema import Signature
from loopwright.errors import SourceError


def staged(address: str, query: str, folder: Path, *, signature: Signature, rows: int) -> tuple[InputFile, ...]:
    """The query's rows as files in `folder`, which appears whole; what an interrupted reading left goes away.

    Args:
        address: The database.
        query: What is read, in one transaction.
        folder: Where the files go.
        signature: Says which columns are truth values, for a database that has none.
        rows: Rows a file.

    Raises:
        SourceError: The database refused, or the query has no rows.
    """
    building = folder.with_name(f".{folder.name}")
    for path in (building, folder):
        shutil.rmtree(path, ignore_errors=True)
    building.mkdir(parents=True)
    truths = {column.name for column in signature.request if column.kind == "bool"}
    database = open_database(address)
    try:
        for number, frame in enumerate(database.frames(query, rows)):
            _plain(frame, truths).write_parquet(building / f"{number:06}.parquet")
    finally:
        database.close()
    if not any(building.iterdir()):
        raise SourceError("the query has no rows", fix="Ask for other rows.")
    building.rename(folder)
    return input_files(str(folder), folder)


def _plain(frame: pl.DataFrame, truths: set[str]) -> pl.DataFrame:
    """Values of no table's type as text, and 0 and 1 as the truth values that they stand for."""
    made = []
    for series in frame.get_columns():
        if series.dtype == pl.Object:
            text = [None if value is None else str(value) for value in series.to_list()]
            made.append(pl.Series(series.name, text, dtype=pl.String))
        elif series.name in truths and series.dtype.is_integer() and series.drop_nulls().is_in([0, 1]).all():
            made.append(series.cast(pl.Boolean))
        else:
            made.append(series)
    return pl.DataFrame(made)
