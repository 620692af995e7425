"""The plain protocol: POST one record, or several as `{"records": [...]}` or as a bare list."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.hashing import Digest
from loopwright.core.schema import Column, Signature
from loopwright.errors import RequestRefusedError
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
    if isinstance(value, dict) and set(value) == {_MANY} and isinstance(value[_MANY], list):
        value = value[_MANY]
    if isinstance(value, list):
        if not value:
            raise RequestRefusedError("the list of records is empty")
        return value, True
    if not isinstance(value, dict):
        raise RequestRefusedError("the body is not an object", why='send one record, or {"records": [...]}')
    return [value], False


def answer(answered: Answered, *, many: bool) -> bytes:
    """The answer as JSON, in the form that was asked in."""
    return _ENCODE(said(answered, many=many))


def said(answered: Answered, *, many: bool) -> dict[str, Any]:
    """The answer, in the form that was asked in."""
    call = answered.call
    made: dict[str, Any] = {"request_id": call.id}
    if many:
        made["predictions"] = [
            _one(answered, index) | {"request_id": call.record_id(index)} for index in range(len(answered.outputs))
        ]
    else:
        made |= _one(answered, 0)
    made |= {"version": answered.version, "arm": answered.arm, "release": answered.release}
    if answered.fallback_from is not None:
        made["fallback_from"] = answered.fallback_from
    return made


def headers_of(answered: Answered) -> tuple[tuple[bytes, bytes], ...]:
    """Headers of an answer that another version gave than was to: which, for which arm, in whose place."""
    if answered.fallback_from is None:
        return ()
    return (
        (b"x-loopwright-version", answered.version.encode("latin-1", "replace")),
        (b"x-loopwright-arm", answered.arm.encode("latin-1", "replace")),
        (b"x-loopwright-fallback-from", answered.fallback_from.encode("latin-1", "replace")),
    )


def _one(answered: Answered, index: int) -> dict[str, Any]:
    made = dict(answered.outputs[index])
    if answered.flags[index]:
        made["flags"] = list(answered.flags[index])
    if answered.explanations is not None:
        made["explanation"] = answered.explanations[index]
    return made


def describe(endpoint: str, version: Digest, signature: Signature, *, example: Mapping[str, Any] | None) -> bytes:
    """What GET answers: the contract, an example if there is one, and what comes back."""
    about = {
        "endpoint": endpoint,
        "version": version,
        "task": signature.task,
        "inputs": [_column(column) for column in signature.request],
        "key": signature.key,
        "event_time": signature.event_time,
        "outputs": _outputs(signature),
        "example": example,
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
