"""The plain protocol: POST one record, or `{"records": [...]}`."""

from typing import Any

import msgspec

from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
from loopwright.serving.bundle_folder import BundleFolder
from loopwright.serving.call import Answered

_MANY = "records"
_ENCODE = msgspec.json.Encoder().encode


def decode(body: bytes) -> Any:
    """JSON values of a body.

    Raises:
        RequestRefusedError: It is not JSON (NaN and infinities are not).
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestRefusedError("the body is not JSON", why=str(error)[:200]) from error
    except RecursionError as error:
        raise RequestRefusedError("the body is not JSON", why="it is nested too deeply") from error


def parse(body: bytes) -> tuple[list[Any], bool]:
    """The records of a body, and whether it was the form for several.

    Raises:
        RequestRefusedError: It is neither a record nor a list of at least one.
    """
    value = decode(body)
    if not isinstance(value, dict):
        raise RequestRefusedError("the body is not an object", why='send one record, or {"records": [...]}')
    if set(value) == {_MANY} and isinstance(value[_MANY], list):
        if not value[_MANY]:
            raise RequestRefusedError("the list of records is empty")
        return value[_MANY], True
    return [value], False


def answer(answered: Answered, *, many: bool) -> bytes:
    """The answer as JSON, in the form that was asked in."""
    call = answered.call
    said: dict[str, Any] = {"request_id": call.id}
    if many:
        said["predictions"] = [
            _one(output, flags) | {"request_id": call.record_id(index)}
            for index, (output, flags) in enumerate(zip(answered.outputs, answered.flags, strict=True))
        ]
    else:
        said |= _one(answered.outputs[0], answered.flags[0])
    said |= {"version": answered.version, "arm": answered.arm, "release": answered.release}
    if answered.fallback_from is not None:
        said["fallback_from"] = answered.fallback_from
    return _ENCODE(said)


def _one(output: dict[str, Any], flags: tuple[str, ...]) -> dict[str, Any]:
    return output | {"flags": list(flags)} if flags else output


def describe(endpoint: str, bundle: BundleFolder) -> bytes:
    """What GET answers: the contract, an example, and what comes back."""
    signature = bundle.signature
    about = {
        "endpoint": endpoint,
        "version": bundle.version,
        "task": signature.task,
        "inputs": [_column(column) for column in signature.request],
        "key": signature.key,
        "event_time": signature.event_time,
        "outputs": _outputs(signature),
        "example": bundle.example(),
    }
    return _ENCODE(about)


def _column(column: Column) -> dict[str, Any]:
    described: dict[str, Any] = msgspec.to_builtins(column)
    return {name: value for name, value in described.items() if value is not None and value is not False}


def _outputs(signature: Signature) -> dict[str, Any]:
    if signature.task == "regression":
        return {"prediction": "float", "score": "float"}
    if signature.task == "binary":
        return {"prediction": list(signature.classes), "score": f"probability of {signature.classes[1]!r}"}
    return {"prediction": list(signature.classes), "probabilities": list(signature.classes)}
