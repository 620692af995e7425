"""One file as a typed table, with the line of each row."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from loopwright.data.coercion import typed_frame
from loopwright.data.csv_layout import scan
from loopwright.data.failure import Failure
from loopwright.errors import NoPermissionError, SourceError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRows:
    """A file's rows.

    Attributes:
        name: What errors call the file.
        frame: (n_rows, n_columns), typed.
        lines: (n_rows,) the line on which each row starts; None for Parquet, whose rows have positions only.
        failures: Values that are not of their column's type.
    """

    name: str
    frame: pl.DataFrame
    lines: npt.NDArray[np.int64] | None
    failures: tuple[Failure, ...]

    def place(self, position: int) -> str:
        """Where a row stands, as `data/f.csv:14` or `data/f.parquet row 12`, counted from 1."""
        return f"{self.name} row {position + 1}" if self.lines is None else f"{self.name}:{int(self.lines[position])}"


def read_file(path: Path, *, name: str = "", expected: Mapping[str, pl.DataType] | None = None) -> FileRows:
    """Read a CSV (UTF-8, with a header) or a Parquet file whole.

    Args:
        path: The file; its suffix says which it is.
        name: What errors call it; the path where empty.
        expected: Types by column; the others are inferred from all rows of the file.

    Raises:
        SourceError: The file is not what its suffix says, is empty, or has a ragged row or a duplicate column.
    """
    name = name or str(path)
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return _parquet(path, name, expected or {})
        return _csv(path, name, expected or {})
    except PermissionError as error:
        raise NoPermissionError(f"{name} may not be read", why=str(error)) from error
    except OSError as error:
        raise SourceError(f"{name} cannot be read", why=str(error)) from error


def _csv(path: Path, name: str, expected: Mapping[str, pl.DataType]) -> FileRows:
    layout = scan(path.read_bytes(), name)
    if not layout.body:
        raise SourceError(f"{name} has a header but no rows", fix="Put rows in the file, or remove it.")
    try:
        text = pl.read_csv(
            io.BytesIO(layout.body),
            has_header=False,
            separator=layout.separator,
            schema=dict.fromkeys(layout.header, pl.String),
        )
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{name} cannot be parsed as CSV", why=str(error).splitlines()[0]) from error
    if text.height != layout.lines.size:
        raise SourceError(
            f"{name} has quotes that can be read in two ways",
            why=f"{layout.lines.size} rows by its quotes, {text.height} by its separators",
            fix="Double each quote that is part of the text, and put that text in quotes.",
        )
    frame, failures = typed_frame(text, expected, text=True)
    return FileRows(name=name, frame=frame, lines=layout.lines, failures=tuple(failures))


def _parquet(path: Path, name: str, expected: Mapping[str, pl.DataType]) -> FileRows:
    if path.stat().st_size == 0:
        raise SourceError(f"{name} is empty", fix="Put rows in the file, or remove it.")
    try:
        raw = pl.read_parquet(path, glob=False, hive_partitioning=False)
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{name} is not a Parquet file that can be read", why=str(error).splitlines()[0]) from error
    if raw.width == 0 or raw.height == 0:
        raise SourceError(f"{name} has no rows", fix="Put rows in the file, or remove it.")
    frame, failures = typed_frame(raw, expected, text=False)
    return FileRows(name=name, frame=frame, lines=None, failures=tuple(failures))
