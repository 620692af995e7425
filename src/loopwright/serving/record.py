"""One signature's record as a struct: decoded and checked in one call where nothing about it is odd.

What this accepts, the door accepts with the same values. What this does not accept is for the door to judge.
"""

import math
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from loopwright.core.schema import Column

_INT_LOW, _INT_HIGH = -(2**63), 2**63 - 1


class Record(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A record that passed, with no flag. Its fields are the request's columns in their order; it encodes as the JSON
    object of its columns."""

    flags: ClassVar[tuple[str, ...]] = ()
    names: ClassVar[tuple[str, ...]] = ()

    @property
    def values(self) -> dict[str, Any]:
        """Every request column by name."""
        return dict(zip(self.names, msgspec.structs.astuple(self), strict=True))

    @property
    def logged(self) -> "Record":
        """What the request log keeps of it."""
        return self


class RecordForm:
    """Decodes the records of one signature.

    Args:
        columns: The request's columns.
        instant: Makes microseconds of an instant as callers write it; raises ValueError where it is none.

    Raises:
        ValueError: No struct says what these columns allow; the door must check every record.
    """

    def __init__(self, columns: tuple[Column, ...], instant: Callable[[Any], int]) -> None:
        fields: list[Any] = [_field(f"f{index}", column) for index, column in enumerate(columns)]
        names = tuple(column.name for column in columns)
        if len(set(names)) != len(names):
            raise ValueError("two columns have one name")
        try:
            self.record = msgspec.defstruct(
                "Record", fields, bases=(Record,), namespace={"names": names}, kw_only=True, frozen=True,
                gc=False, forbid_unknown_fields=True, rename={f"f{index}": name for index, name in enumerate(names)},
            )  # fmt: skip
            several = msgspec.defstruct(
                "Records", [("records", Annotated[list[self.record], msgspec.Meta(min_length=1)])],  # type: ignore[name-defined]
                forbid_unknown_fields=True,
            )  # fmt: skip
            self._one: Callable[[bytes], Any] = msgspec.json.Decoder(self.record).decode
            self._several: Callable[[bytes], Any] = msgspec.json.Decoder(several).decode
        except TypeError as error:
            raise ValueError(str(error)) from error
        self._dates = tuple(f"f{index}" for index, column in enumerate(columns) if column.kind == "datetime")
        self._instant = instant

    def one(self, body: bytes) -> Record | None:
        """The record that a body is, or None where the door must look."""
        try:
            record: Record = self._one(body)
            if self._dates:
                self._settle(record)
        except (ValueError, RecursionError):
            return None
        return record

    def several(self, body: bytes) -> list[Record] | None:
        """The records of a body of the form `{"records": [...]}`, or None where the door must look."""
        try:
            records: list[Record] = self._several(body).records
            if self._dates:
                for record in records:
                    self._settle(record)
        except (ValueError, RecursionError):
            return None
        return records

    def _settle(self, record: Record) -> None:
        for field in self._dates:
            value = getattr(record, field)
            if value is not None:
                msgspec.structs.force_setattr(record, field, self._instant(value))


def _field(name: str, column: Column) -> tuple[Any, ...]:
    """A field as `defstruct` takes it; a null may be left out."""
    bounded = column.minimum is not None or column.maximum is not None
    if (bounded and column.kind not in ("float", "int")) or (
        column.closed and column.kind not in ("string", "category")
    ):
        raise ValueError(f"{column.name!r} has a rule that is unusual for its kind")
    kind = _KINDS[column.kind](column)
    return (name, kind | None, None) if column.nullable else (name, kind)


def _float(column: Column) -> Any:
    meta: dict[str, Any] = {}
    if column.minimum is not None:
        meta["gt" if column.exclusive_minimum else "ge"] = column.minimum
    if column.maximum is not None:
        meta["lt" if column.exclusive_maximum else "le"] = column.maximum
    return Annotated[float, msgspec.Meta(**meta)] if meta else float


def _int(column: Column) -> Any:
    low, high = _INT_LOW, _INT_HIGH
    if column.minimum is not None and column.minimum > low:
        low = math.ceil(column.minimum)
        low += column.exclusive_minimum and low == column.minimum
    if column.maximum is not None and column.maximum < high:
        high = math.floor(column.maximum)
        high -= column.exclusive_maximum and high == column.maximum
    if not _INT_LOW <= low <= high <= _INT_HIGH:
        raise ValueError(f"no whole number is within the bounds of {column.name!r}")
    return Annotated[int, msgspec.Meta(ge=low, le=high)]


def _text(column: Column) -> Any:
    if column.closed:
        if not column.categories:
            raise ValueError(f"no level of {column.name!r} is allowed")
        return Literal[column.categories]
    return str


_KINDS: Mapping[str, Callable[[Column], Any]] = {
    "float": _float,
    "int": _int,
    "bool": lambda _: bool,
    "string": _text,
    "category": _text,
    "datetime": lambda _: Annotated[int, msgspec.Meta(ge=-(2**62), le=2**62 - 1)] | str,
}
