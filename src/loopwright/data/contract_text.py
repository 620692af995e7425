"""A contract as Python source: every name goes out through `repr`, every identifier is safe or generated."""

import keyword
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

_RESERVED = frozenset(
    {"pa", "pl", "int", "str", "float", "bool", "Config", "build_schema_", "empty", "example", "get_metadata"}
    | {
        "pydantic_validate",
        "strategy",
        "from_json",
        "from_yaml",
        "to_json",
        "to_json_schema",
        "to_schema",
        "to_yaml",
        "validate",
        "lw",
        "loop",
    }
)
"""Names that an annotation of the class, or pandera's model, already gives a meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractColumn:
    """One field to be: its column's name (any text but the empty one), type, and rules."""

    name: str
    dtype: pl.DataType
    nullable: bool = False
    unique: bool = False
    levels: tuple[str, ...] = ()


def contract_text(class_name: str, columns: Sequence[ContractColumn]) -> str:
    """The source of a `pandera.polars.DataFrameModel` for those columns.

    It expects `pa` (pandera.polars) and `pl` (polars) to be imported. A column whose name is no plain identifier gets a
    generated one and its name as `alias=`. The empty name cannot be a pandera column and is left out.
    """
    fields = [_field(column, number) for number, column in enumerate(columns, start=1) if column.name != ""]
    body = fields or ["pass"]
    return "\n".join([f"class {class_name}(pa.DataFrameModel):", *(f"    {line}" for line in body), ""])


def is_plain(name: str) -> bool:
    """Whether the name can stand in source as it is: an ASCII identifier that nothing else uses."""
    free = name not in _RESERVED and not keyword.iskeyword(name) and not keyword.issoftkeyword(name)
    return (
        name.isascii() and name.isidentifier() and not name.startswith("_") and not name.startswith("column_") and free
    )


def literal(value: object) -> str:
    """The value as Python source on one line; text stands in double quotes where it needs no escape for them."""
    text = repr(value)
    return f'"{text[1:-1]}"' if isinstance(value, str) and '"' not in text else text


def type_text(dtype: pl.DataType) -> str | None:
    """How a model annotates the type; None where it has no simple annotation."""
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int"
    if dtype.is_numeric():
        return "float"
    return {pl.String: "str", pl.Datetime: "pl.Datetime", pl.Date: "pl.Date"}.get(dtype.base_type())


def _field(column: ContractColumn, number: int) -> str:
    plain = is_plain(column.name)
    rules = [] if plain else [f"alias={literal(column.name)}"]
    rules += ["unique=True"] if column.unique else []
    rules += ["nullable=True"] if column.nullable else []
    rules += [f"isin=[{', '.join(map(literal, column.levels))}]"] if column.levels else []
    identifier = column.name if plain else f"column_{number}"
    return f"{identifier}: {type_text(column.dtype)}" + (f" = pa.Field({', '.join(rules)})" if rules else "")
