"""Polars tables and columns, as Parquet."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from loopwright.errors import BlobCorruptError, UnsupportedValueError
from loopwright.formats.format import Format

if TYPE_CHECKING:
    import polars as pl

_ROW_GROUP_ROWS = 262_144


class ParquetFormat(Format):
    """`polars.DataFrame` and `polars.Series`; a LazyFrame is a recipe, not a value, and is refused."""

    name = "parquet"

    def handles(self, value: object) -> bool:
        import polars as pl

        return type(value) in (pl.DataFrame, pl.Series)

    def encode(self, value: Any) -> dict[str, bytes]:
        import polars as pl

        if isinstance(value, pl.Series):
            return {"series.parquet": frame_bytes(value.to_frame())}
        return {"table.parquet": frame_bytes(value)}

    def decode(self, files: Mapping[str, bytes]) -> Any:
        if "series.parquet" in files:
            return read_frame(files["series.parquet"]).to_series(0)
        return read_frame(files["table.parquet"])


def frame_bytes(frame: "pl.DataFrame") -> bytes:
    """The table as Parquet; chunking, slicing and thread count leave no trace in the bytes.

    Raises:
        UnsupportedValueError: A column holds Python objects, or there are rows without a column.
    """
    import polars as pl

    objects = [name for name, dtype in frame.schema.items() if _has_objects(dtype)]
    if objects:
        raise UnsupportedValueError(
            f"columns {', '.join(map(repr, objects))} hold Python objects",
            fix="Convert the columns to polars types (text, numbers, dates, lists, structs) first.",
        )
    if not frame.width and frame.height:
        raise UnsupportedValueError(
            f"a table of {frame.height} rows has no column", fix="Return a table with at least one column."
        )
    buffer = io.BytesIO()
    try:
        frame.rechunk().write_parquet(
            buffer, compression="zstd", compression_level=1, statistics=True, row_group_size=_ROW_GROUP_ROWS
        )
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise UnsupportedValueError(
            f"a table with schema {dict(frame.schema)} cannot be written as Parquet", why=str(error)
        ) from error
    return buffer.getvalue()


def read_frame(data: bytes) -> "pl.DataFrame":
    """The table of a Parquet file. Raises BlobCorruptError where it is none."""
    import polars as pl

    try:
        return pl.read_parquet(io.BytesIO(data), use_statistics=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise BlobCorruptError("a stored table is not Parquet", why=str(error)) from error


def _has_objects(dtype: Any) -> bool:
    import polars as pl

    if isinstance(dtype, (pl.List, pl.Array)):
        return _has_objects(dtype.inner)
    if isinstance(dtype, pl.Struct):
        return any(_has_objects(field.dtype) for field in dtype.fields)
    return bool(dtype == pl.Object)
