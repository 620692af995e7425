"""Between tensors and records: what an inference request asks about, and what its answer says."""

from collections.abc import Mapping, Sequence
from typing import Any

from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.call import Answered
from loopwright.serving.protocols.positions import columns_at
from loopwright.serving.protocols.tensors import Tensor

_SAID = {"float": "FP64", "int": "INT64", "bool": "BOOL", "string": "BYTES", "category": "BYTES", "datetime": "BYTES"}
_REAL = frozenset({"FP16", "FP32", "FP64"})
PLATFORM = "loopwright"


def records(inputs: Sequence[Tensor], signature: Signature, *, most: int) -> list[dict[str, Any]]:
    """The records that tensors say: a column each ([n] or [n, 1]), or one table ([n, k]) of numbers.

    A table's columns are those that the model sees, in its order; what it leaves out is null.

    Raises:
        RequestRefusedError: Two tensors of one name, different lengths, a shape that is neither; more records than
            `most`, or none.
    """
    if len(inputs) == 1 and (found := _table(inputs[0], signature, most)) is not None:
        return found
    columns: dict[str, list[Any]] = {}
    kinds = {column.name: column.kind for column in signature.request}
    for tensor in inputs:
        if tensor.name in columns:
            raise RequestRefusedError(f"input {tensor.name[:80]!r} comes twice")
        if any(size != 1 for size in tensor.shape[1:]):
            raise RequestRefusedError(
                f"input {tensor.name[:80]!r} has shape {list(tensor.shape)}",
                why="an input is one column, [n] or [n, 1]; a table of all columns, [n, k], comes alone",
            )
        columns[tensor.name] = _as_kind(kinds.get(tensor.name), tensor.datatype, tensor.values)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise RequestRefusedError(
            "the inputs are not columns of one length", why=f"their lengths are {sorted(lengths)[:10]}"
        )
    check_count(lengths.pop(), most)
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def check_count(rows: int, most: int) -> None:
    """Refuse none, and too many before they are made.

    Raises:
        RequestRefusedError: There are none, or more than `most` (HTTP status 400, as for the plain protocol).
    """
    if rows == 0:
        raise RequestRefusedError("there is no record in the request")
    if rows > most:
        raise RequestRefusedError(
            f"{rows} records in one request", why=f"the limit is {most}", fix="Send fewer records in one request.",
            http_status=400,
        )  # fmt: skip


def _table(tensor: Tensor, signature: Signature, most: int) -> list[dict[str, Any]] | None:
    """The records of a tensor that is a table; None where it is a column."""
    names = [column.name for column in signature.request]
    if len(tensor.shape) != 2 or tensor.name in names:
        return None
    rows, width = tensor.shape
    columns = None if tensor.datatype == "BYTES" else columns_at(signature, width, numbers=True)
    if columns is None:
        raise RequestRefusedError(
            f"input {tensor.name[:80]!r} is a table of {width} columns, {tensor.datatype}",
            why=f"a table holds what the model sees, in its order, all numbers; columns: {', '.join(names)[:500]}",
            fix="Send one input for each column; GET /v2/models/{name} names them.",
        )
    check_count(rows, most)
    made = [_as_kind(column.kind, tensor.datatype, tensor.values[index::width]) for index, column in enumerate(columns)]
    order = tuple(column.name for column in columns)
    return [dict(zip(order, row, strict=True)) for row in zip(*made, strict=True)]


def _as_kind(kind: str | None, datatype: str, values: list[Any]) -> list[Any]:
    """Values of a column whose tensor has a near datatype: 0 and 1 for a truth, a truth for a number."""
    if kind == "bool" and datatype not in ("BOOL", "BYTES"):
        return [bool(value) if value in (0, 1) else value for value in values]
    if kind in ("int", "float") and datatype == "BOOL":
        return [None if value is None else int(value) for value in values]
    return values


def outputs(answered: Answered, signature: Signature, wanted: Sequence[str] | None) -> list[Tensor]:
    """The answer's tensors: all, or those wanted in that order.

    Raises:
        RequestRefusedError: One is wanted that the model does not have.
    """
    made = {tensor.name: tensor for tensor in _tensors(signature, answered.outputs)}
    if not wanted:
        return list(made.values())
    for name in wanted:
        if name not in made:
            raise RequestRefusedError(f"there is no output {name[:80]!r}", why=f"there are: {', '.join(made)}")
    return [made[name] for name in dict.fromkeys(wanted)]


def check_wanted(signature: Signature, wanted: Sequence[str] | None) -> None:
    """Refuse, before anything is asked, outputs that the model does not have.

    Raises:
        RequestRefusedError: It does not.
    """
    known = [name for name, _, _ in _output_columns(signature)]
    for name in wanted or ():
        if name not in known:
            raise RequestRefusedError(f"there is no output {name[:80]!r}", why=f"there are: {', '.join(known)}")


def _tensors(signature: Signature, answers: Sequence[Mapping[str, Any]]) -> list[Tensor]:
    rows = len(answers)
    made = []
    for name, datatype, width in _output_columns(signature):
        # A declared default may have no numbers.
        if width is not None:
            values = [value for answer in answers for value in answer.get(name) or [None] * width]
        else:
            values = [answer.get("prediction" if name == "label" else name) for answer in answers]
        if datatype == "BYTES":
            values = [str(value) for value in values]
        shape = (rows,) if width is None else (rows, width)
        made.append(Tensor(name=name, datatype=datatype, shape=shape, values=values))
    return made


def _output_columns(signature: Signature) -> list[tuple[str, str, int | None]]:
    """Name, datatype and, for a table, width of each output."""
    if signature.task == "regression":
        return [("score", "FP64", None)]
    label = ("label", _label_type(signature), None)
    if signature.task == "binary":
        return [label, ("score", "FP64", None)]
    return [label, ("probabilities", "FP64", len(signature.classes))]


def _label_type(signature: Signature) -> str:
    kinds = {type(label) for label in signature.classes}
    return {bool: "BOOL", int: "INT64"}.get(kinds.pop(), "BYTES") if len(kinds) == 1 else "BYTES"


def metadata(endpoint: str, versions: Sequence[Digest], signature: Signature) -> dict[str, Any]:
    """What a model takes and gives: `-1` is the length that the caller chooses."""
    return {
        "name": endpoint,
        "versions": list(versions),
        "platform": PLATFORM,
        "inputs": [_input(column) for column in signature.request],
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [-1] if width is None else [-1, width]}
            for name, datatype, width in _output_columns(signature)
        ],
    }


def _input(column: Column) -> dict[str, Any]:
    return {"name": column.name, "datatype": _SAID[column.kind], "shape": [-1]}
