"""The Open Inference Protocol v2 (REST, JSON): one tensor a column, as KServe, Triton and MLServer speak it.

Source: the protocol's text, github.com/kserve/open-inference-protocol, `inference_rest.md`.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.call import Answered

_ENCODE = msgspec.json.Encoder().encode
_SAID = {"float": "FP64", "int": "INT64", "bool": "BOOL", "string": "BYTES", "category": "BYTES", "datetime": "BYTES"}
_TAKEN: dict[str, tuple[type, ...]] = {"BOOL": (bool,), "BYTES": (str,)}
_TAKEN |= {f"{sign}INT{bits}": (int,) for sign in ("", "U") for bits in (8, 16, 32, 64)}
_TAKEN |= {f"FP{bits}": (float, int) for bits in (16, 32, 64)}


class Tensor(msgspec.Struct, frozen=True, kw_only=True):
    """One input: a column of n values, flat or nested, of shape [n] or [n, 1]."""

    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One output that the caller asks for."""

    name: str


class InferRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The body of `infer`."""

    inputs: list[Tensor]
    id: str | None = None
    outputs: list[Wanted] | None = None


def parse(body: bytes) -> InferRequest:
    """Decode a body. Raises RequestRefusedError."""
    try:
        return msgspec.json.decode(body, type=InferRequest)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestRefusedError("the body is not an inference request", why=str(error)[:200]) from error
    except RecursionError as error:
        raise RequestRefusedError("the body is not an inference request", why="it is nested too deeply") from error


def records(request: InferRequest) -> list[dict[str, Any]]:
    """The request's tensors as records.

    Raises:
        RequestRefusedError: Tensors of different lengths, of a wrong shape or type, two of one name, or without values.
    """
    columns: dict[str, list[Any]] = {}
    for tensor in request.inputs:
        if tensor.name in columns:
            raise RequestRefusedError(f"input {tensor.name[:80]!r} comes twice")
        columns[tensor.name] = _values(tensor)
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1 or 0 in lengths:
        raise RequestRefusedError(
            "the inputs are not columns of one length", why=f"their lengths are {sorted(lengths)}"
        )
    names = tuple(columns)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _values(tensor: Tensor) -> list[Any]:
    name = tensor.name[:80]
    taken = _TAKEN.get(tensor.datatype)
    if taken is None:
        raise RequestRefusedError(
            f"input {name!r} has datatype {tensor.datatype[:20]!r}", why=f"known: {', '.join(_TAKEN)}"
        )
    if tensor.data is None:
        raise RequestRefusedError(f"input {name!r} has no data", why="binary tensors are not taken; send data as JSON")
    if not tensor.shape or any(size != 1 for size in tensor.shape[1:]):
        raise RequestRefusedError(
            f"input {name!r} has shape {tensor.shape[:8]}", why="an input is one column: [n] or [n, 1]"
        )
    values = [value[0] if isinstance(value, list) and len(value) == 1 else value for value in tensor.data]
    if len(values) != tensor.shape[0]:
        raise RequestRefusedError(f"input {name!r} has {len(values)} values", why=f"its shape says {tensor.shape[0]}")
    for value in values:
        if value is not None and type(value) not in taken:
            raise RequestRefusedError(f"input {name!r} holds a value that is not {tensor.datatype}")
    return values


def answer(answered: Answered, request: InferRequest, signature: Signature) -> bytes:
    """The body of the answer: the asked outputs as tensors.

    Raises:
        RequestRefusedError: An output is asked for that the model does not have.
    """
    tensors = _tensors(signature, answered.outputs)
    if request.outputs:
        unknown = [wanted.name[:80] for wanted in request.outputs if wanted.name not in tensors]
        if unknown:
            raise RequestRefusedError(f"there is no output {unknown[0]!r}", why=f"there are: {', '.join(tensors)}")
        tensors = {wanted.name: tensors[wanted.name] for wanted in request.outputs}
    call = answered.call
    said = {
        "model_name": answered.endpoint,
        "model_version": answered.version,
        "id": request.id or call.id,
        "parameters": {"request_id": call.id, "arm": answered.arm, "release": answered.release or ""},
        "outputs": list(tensors.values()),
    }
    return _ENCODE(said)


def _tensors(signature: Signature, outputs: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    rows = len(outputs)
    made: dict[str, dict[str, Any]] = {}
    for name, datatype, width in _output_columns(signature):
        if name == "probabilities":
            data = [value for output in outputs for value in output[name]]
        else:
            data = [output["prediction" if name == "label" else name] for output in outputs]
        if datatype == "BYTES":
            data = [str(value) for value in data]
        shape = [rows] if width is None else [rows, width]
        made[name] = {"name": name, "datatype": datatype, "shape": shape, "data": data}
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


def server_metadata(version: str) -> bytes:
    """The body of GET /v2."""
    return _ENCODE({"name": "loopwright", "version": version, "extensions": []})


def model_metadata(endpoint: str, versions: Sequence[Digest], signature: Signature) -> bytes:
    """The body of GET /v2/models/NAME: `-1` is the length that the caller chooses."""
    said = {
        "name": endpoint,
        "versions": list(versions),
        "platform": "loopwright",
        "inputs": [_input(column) for column in signature.request],
        "outputs": [
            {"name": name, "datatype": datatype, "shape": [-1] if width is None else [-1, width]}
            for name, datatype, width in _output_columns(signature)
        ],
    }
    return _ENCODE(said)


def _input(column: Column) -> dict[str, Any]:
    return {"name": column.name, "datatype": _SAID[column.kind], "shape": [-1]}
