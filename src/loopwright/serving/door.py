"""The input contract at the door: JSON records in, checked values and numeric columns out.

The checker is compiled once a model. Nothing here builds a table: a lone record costs a few microseconds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec
import numpy as np

from loopwright.core.clock import Micros, micros
from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.matrix import MatrixForm
from loopwright.serving.record import Record, RecordForm

Policy = Literal["refuse", "flag"]
_MISSING = object()
_MOST_BREACHES_SHOWN = 20


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One field that breaks one rule. It never holds the value: a refusal may be logged, the row may not."""

    field: str
    rule: str
    expected: str


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A record that passed.

    Attributes:
        values: Every request column: float, int, bool, str, microseconds (datetime) or None.
        flags: `field:rule` of what was let through under the policy `flag`.
    """

    values: dict[str, Any]
    flags: tuple[str, ...] = ()

    @property
    def logged(self) -> dict[str, Any]:
        """What the request log keeps of it."""
        return self.values


Row = Checked | Record
"""A record that passed, and what it came with: `values`, `flags`, `logged`."""


class _BrokenError(ValueError):
    """A value broke a rule. `usable` is what the model could still be given under the policy `flag`."""

    def __init__(self, rule: str, expected: str, usable: Any = _MISSING) -> None:
        super().__init__(rule)
        self.rule = rule
        self.expected = expected
        self.usable = usable


Check = Callable[[Any], Any]


class Door:
    """Checks records against one signature.

    `form` decodes and checks a record at once where nothing about it is odd; it is None where a signature allows none.

    Args:
        signature: The model's contract.
        policy: `refuse` refuses any breach. `flag` lets through what a model can still be given (a value out of range,
            an unseen category, a null, an unknown field, which is dropped) and flags it; a wrong type is refused.
    """

    def __init__(self, signature: Signature, policy: Policy = "refuse") -> None:
        self.signature = signature
        self.policy = policy
        self._checks: tuple[tuple[str, Check], ...] = tuple((c.name, compile_check(c)) for c in signature.request)
        self._names = frozenset(name for name, _ in self._checks)
        self.form = _form(signature)
        self._matrix = MatrixForm(signature)
        fields = {column.name: f"f{index}" for index, column in enumerate(signature.request)}
        self._key_field = fields.get(signature.key or "")
        self._time_field = fields.get(signature.event_time or "")
        self._codes: dict[str, dict[Any, int]] = {
            c.name: {level: code for code, level in enumerate(c.categories or ())}
            for c in (*signature.request, *signature.features)
            if c.kind == "category"
        }

    def check(self, record: object) -> Checked:
        """Check one record.

        Raises:
            RequestRefusedError: The record breaks the contract; the first field and rule are in the message, all of
                them in `context["breaches"]`.
        """
        if not isinstance(record, dict):
            raise RequestRefusedError("a record is not an object", why="a record is a JSON object of field: value")
        values: dict[str, Any] = {}
        breaches: list[Breach] = []
        flags: list[str] = []
        for name, check in self._checks:
            try:
                values[name] = check(record.get(name))
            except _BrokenError as broken:
                if self.policy == "flag" and broken.usable is not _MISSING:
                    values[name] = broken.usable
                    flags.append(f"{name}:{broken.rule}")
                else:
                    breaches.append(Breach(field=name, rule=broken.rule, expected=broken.expected))
        if record.keys() - self._names:
            self._unknown_fields(record, breaches, flags)
        if breaches:
            raise _refusal(breaches)
        return Checked(values=values, flags=tuple(flags))

    def _unknown_fields(self, record: Mapping[str, Any], breaches: list[Breach], flags: list[str]) -> None:
        for name in sorted(record.keys() - self._names):
            if self.policy == "flag":
                flags.append(f"{name[:80]}:unknown")
            else:
                known = ", ".join(sorted(self._names))
                breaches.append(Breach(field=name[:80], rule="unknown", expected=f"one of: {known}"))

    def columns(self, rows: Sequence[Mapping[str, Any]], joined: Sequence[Mapping[str, Any]]) -> dict[str, np.ndarray]:
        """The model's columns in its order.

        Args:
            rows: `Checked.values` of n records.
            joined: Feature values of the same n records, for columns that are not in the request.

        Returns:
            Name → (n,): float64 with NaN for null, or int32 codes with -1 for a null or unseen category.
        """
        made: dict[str, np.ndarray] = {}
        for column in self.signature.features:
            name = column.name
            source = rows if name in self._names else joined
            if column.kind == "category":
                codes = self._codes[name]
                made[name] = np.array([codes.get(row.get(name), -1) for row in source], dtype=np.int32)
            else:
                made[name] = np.array([row.get(name) for row in source], dtype=np.float64)
        return made

    def matrix(self, rows: Sequence[Row], joined: Sequence[Mapping[str, Any]]) -> np.ndarray:
        """The same as one matrix, as `Model.of_matrix` takes it; see `MatrixForm.of`."""
        return self._matrix.of(rows, joined)

    def event_time(self, row: Row, otherwise: Micros) -> Micros:
        """The record's own event time, or `otherwise` where its signature names none or it is null."""
        field = self._time_field
        if field is None:
            return otherwise
        at = getattr(row, field) if isinstance(row, Record) else row.values.get(self.signature.event_time or "")
        return at if isinstance(at, int) else otherwise

    def key(self, row: Row) -> str | None:
        """The key of the thing predicted, as text."""
        field = self._key_field
        if field is None:
            return None
        value = getattr(row, field) if isinstance(row, Record) else row.values.get(self.signature.key or "")
        return None if value is None else str(value)


def _form(signature: Signature) -> RecordForm | None:
    try:
        return RecordForm(signature.request, _datetime)
    except ValueError:
        return None


def _refusal(breaches: Sequence[Breach]) -> RequestRefusedError:
    first = breaches[0]
    more = f" (and {len(breaches) - 1} more)" if len(breaches) > 1 else ""
    return RequestRefusedError(
        f"field {first.field!r} breaks rule {first.rule!r}{more}",
        why=f"expected {first.expected}",
        field=first.field,
        rule=first.rule,
        breaches=[msgspec.to_builtins(b) for b in breaches[:_MOST_BREACHES_SHOWN]],
    )


def compile_check(column: Column) -> Check:
    """A function from a JSON value to the column's value, raising where a rule is broken."""
    convert = _CONVERTERS[column.kind]
    in_range = _range_check(column)
    levels = frozenset(column.categories or ()) if column.closed else None
    nullable = column.nullable
    required = "a value (the field may not be null or left out)"

    def check(value: Any) -> Any:
        if value is None:
            if nullable:
                return None
            raise _BrokenError("required", required, None)
        made = convert(value)
        if in_range is not None:
            in_range(made)
        if levels is not None and made not in levels:
            raise _BrokenError("category", f"one of: {', '.join(sorted(levels)[:30])}", made)
        return made

    return check


def _range_check(column: Column) -> Callable[[Any], None] | None:
    if column.minimum is None and column.maximum is None:
        return None
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    open_low, open_high = column.exclusive_minimum, column.exclusive_maximum

    def check(value: Any) -> None:
        if value < low or (open_low and value == low):
            raise _BrokenError("minimum", f"a value {'>' if open_low else '>='} {low:g}", value)
        if value > high or (open_high and value == high):
            raise _BrokenError("maximum", f"a value {'<' if open_high else '<='} {high:g}", value)

    return check


def _float(value: Any) -> float:
    if type(value) is float or type(value) is int:
        try:
            made = float(value)
        except OverflowError:
            made = math.inf
        if math.isfinite(made):
            return made
    raise _BrokenError("type", "a finite number")


def _int(value: Any) -> int:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and -(2**63) <= value < 2**63:
        return value
    raise _BrokenError("type", "a whole number of 64 bits")


def _bool(value: Any) -> bool:
    if type(value) is bool:
        return value
    raise _BrokenError("type", "true or false")


def _string(value: Any) -> str:
    if type(value) is str:
        return value
    raise _BrokenError("type", "a text")


def _datetime(value: Any) -> Micros:
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and -(2**62) <= value < 2**62:
        return value
    if type(value) is str:
        try:
            return micros(datetime.fromisoformat(value))
        except ValueError:
            pass
    raise _BrokenError("type", "an instant such as 2026-01-01T00:00:00Z, or microseconds since 1970 in UTC")


_CONVERTERS: dict[str, Check] = {
    "float": _float,
    "int": _int,
    "bool": _bool,
    "string": _string,
    "category": _string,
    "datetime": _datetime,
}
