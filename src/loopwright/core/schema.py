"""What goes into a model and what comes out: column by column, checked at the door, frozen in the bundle."""

from math import floor
from typing import Any, Literal

import msgspec

Kind = Literal["float", "int", "bool", "string", "category", "datetime"]
Task = Literal["binary", "multiclass", "regression", "generation"]
"""generation: text is answered, by an LLM application; it has no features, and evaluations judge it."""


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """One column's contract.

    `categories` are the levels seen in training, in code order: a category's code is its position, an unseen level or a
    null is code -1. Bounds are inclusive unless their `exclusive_…` flag says otherwise.
    """

    name: str
    kind: Kind
    nullable: bool = False
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    categories: tuple[str, ...] | None = None
    closed: bool = False
    """True where an unseen category is refused (the contract lists the levels), False where it is code -1."""


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """A model's contract.

    Attributes:
        task: What is predicted.
        request: The columns a caller sends.
        features: The numeric columns the model sees, in order; a superset or transformation of `request` plus joined
            features. Categories enter as their codes.
        classes: Labels in the order of the model's probabilities; empty for regression.
        label: The label column's name.
        entities: Request columns that are entity keys of feature views (may or may not be features themselves).
        event_time: The request column that holds the event time, if callers send one.
        key: The request column that identifies the thing predicted (for feedback by key), if any.
    """

    task: Task
    request: tuple[Column, ...]
    features: tuple[Column, ...]
    classes: tuple[str | int | bool, ...] = ()
    label: str = "label"
    entities: tuple[str, ...] = ()
    event_time: str | None = None
    key: str | None = None


def example_value(column: Column) -> Any:
    """A value that satisfies the column's contract."""
    if column.categories:
        return column.categories[0]
    number = _within(column)
    simple: dict[str, Any] = {
        "float": number,
        "int": _whole_within(column, number),
        "bool": False,
        "string": "a",
        "category": "a",
        "datetime": "2026-01-01T00:00:00Z",
    }
    return simple[column.kind]


def _within(column: Column) -> float:
    """A number within the bounds: their middle, or one away from the only one."""
    low, high = column.minimum, column.maximum
    if low is not None and high is not None:
        return (low + high) / 2
    if high is not None:
        return high - 1.0
    return 0.5 if low is None else low + 1.0


def _whole_within(column: Column, number: float) -> int:
    """A whole number within the bounds, near `number`; 1 where there are none."""
    if column.minimum is None and column.maximum is None:
        return 1
    below = floor(number)
    too_low = column.minimum is not None and (
        below < column.minimum or (column.exclusive_minimum and below == column.minimum)
    )
    return below + 1 if too_low else below
