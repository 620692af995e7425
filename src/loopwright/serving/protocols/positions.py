"""Which columns values without names are: a row of a table, or of a list of lists."""

from collections.abc import Sequence

from loopwright.core.schema import Column, Signature

_NUMERIC = frozenset({"float", "int", "bool"})


def columns_at(signature: Signature, width: int, *, numbers: bool = False) -> Sequence[Column] | None:
    """The columns that `width` values in a row are.

    They are the columns that the model sees, in its order; or all that a caller may send; or all of those that are
    numbers. Columns that are left out so must be ones that may be null.

    Args:
        signature: The model's contract.
        width: How many values a row has.
        numbers: Whether the values are numbers.

    Returns:
        The columns; None where no such row fits.
    """
    sent = {column.name: column for column in signature.request}
    seen = [sent[column.name] for column in signature.features if column.name in sent]
    for columns in (seen, signature.request, [column for column in signature.request if column.kind in _NUMERIC]):
        named = {column.name for column in columns}
        whole = all(column.nullable for column in signature.request if column.name not in named)
        if len(columns) == width and whole and not (numbers and any(c.kind not in _NUMERIC for c in columns)):
            return columns
    return None
