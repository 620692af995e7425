"""The Open Inference Protocol v2 over REST, as Triton and KServe speak it: JSON and binary tensors, both ways.

Source: the protocol's text, github.com/kserve/open-inference-protocol, `inference_rest.md` and its binary tensor data
extension. A body with binary tensors is the JSON object followed by their bytes; a header says where the JSON ends.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.errors import RequestRefusedError, UsageError
from loopwright.serving.call import Answered
from loopwright.serving.protocols import tensor_records
from loopwright.serving.protocols.tensors import Tensor, of_json, of_raw, raw_of

LENGTH_HEADER = "inference-header-content-length"
EXTENSIONS = ("binary_tensor_data", "model_repository", "model_configuration")
_ENCODE = msgspec.json.Encoder().encode
_SECOND = 1_000_000
_SHARED = "shared_memory_region"


class _Input(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    shape: list[int]
    datatype: str
    data: list[Any] | None = None
    parameters: dict[str, Any] | None = None


class _Output(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    parameters: dict[str, Any] | None = None


class _Body(msgspec.Struct, frozen=True, kw_only=True):
    inputs: list[_Input]
    id: str | None = None
    parameters: dict[str, Any] | None = None
    outputs: list[_Output] | None = None


class InferRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `infer` asks.

    Attributes:
        inputs: The tensors.
        id: The caller's own name for the request.
        wanted: Outputs to answer with; None: all.
        binary: Outputs to answer in binary form, among those wanted.
        binary_all: Whether outputs are binary that do not say.
        timeout_s: Seconds after which the answer is of no use, where the caller says.
    """

    inputs: list[Tensor]
    id: str | None = None
    wanted: list[str] | None = None
    binary: frozenset[str] = frozenset()
    binary_all: bool = False
    timeout_s: float | None = None


def parse(body: bytes, header_length: str | None = None) -> InferRequest:
    """Decode a body.

    Args:
        body: The whole of it.
        header_length: The header `Inference-Header-Content-Length`, where there is one.

    Raises:
        RequestRefusedError: It is no inference request.
        UsageError: It asks for shared memory, which is not offered.
    """
    head, rest = _split(body, header_length)
    try:
        asked = msgspec.json.decode(head, type=_Body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise RequestRefusedError("the body is not an inference request", why=str(error)[:200]) from error
    except RecursionError as error:
        raise RequestRefusedError("the body is not an inference request", why="it is nested too deeply") from error
    parameters = asked.parameters or {}
    return InferRequest(
        inputs=_tensors(asked.inputs, rest),
        id=asked.id,
        wanted=[wanted.name for wanted in asked.outputs] if asked.outputs else None,
        **_binary_wanted(asked),
        timeout_s=_timeout(parameters.get("timeout")),
    )


def _split(body: bytes, header_length: str | None) -> tuple[memoryview, memoryview]:
    whole = memoryview(body)
    if header_length is None:
        return whole, whole[:0]
    length = int(header_length) if header_length.isdecimal() and len(header_length) < 16 else -1
    if not 0 <= length <= len(body):
        raise RequestRefusedError(
            "Inference-Header-Content-Length is wrong", why=f"it is not a length within the body's {len(body)} bytes"
        )
    return whole[:length], whole[length:]


def _tensors(inputs: Sequence[_Input], rest: memoryview) -> list[Tensor]:
    """The inputs; binary ones lie in `rest`, one after another in the order of the JSON."""
    made = []
    at = 0
    for said in inputs:
        parameters = said.parameters or {}
        if _SHARED in parameters:
            raise UsageError("shared memory is not offered", fix="Send the tensor's values in the request.")
        size = parameters.get("binary_data_size")
        if size is None:
            if said.data is None:
                raise RequestRefusedError(
                    f"input {said.name[:80]!r} has no data", why="there is neither `data` nor `binary_data_size`"
                )
            made.append(of_json(said.name, said.datatype, said.shape, data=said.data))
            continue
        if type(size) is not int or not 0 <= size <= len(rest) - at or said.data is not None:
            raise RequestRefusedError(
                f"input {said.name[:80]!r} has a wrong binary_data_size",
                why=f"{len(rest) - at} bytes are left after the JSON; an input has `data` or bytes, not both",
            )
        made.append(of_raw(said.name, said.datatype, said.shape, raw=rest[at : at + size]))
        at += size
    if at != len(rest):
        raise RequestRefusedError("the body holds more bytes than its inputs say", why=f"{len(rest) - at} are left")
    return made


def _binary_wanted(asked: _Body) -> dict[str, Any]:
    binary_all = bool((asked.parameters or {}).get("binary_data_output", False))
    if not asked.outputs:
        return {"binary_all": binary_all}
    binary = set()
    for wanted in asked.outputs:
        parameters = wanted.parameters or {}
        if _SHARED in parameters or parameters.get("classification"):
            raise UsageError(
                f"output {wanted.name[:80]!r} cannot be given so",
                why="shared memory and classification are not offered",
            )
        if parameters.get("binary_data", binary_all):
            binary.add(wanted.name)
    return {"binary": frozenset(binary)}


def _timeout(micros: Any) -> float | None:
    return micros / _SECOND if type(micros) is int and micros > 0 else None


def answer(answered: Answered, request: InferRequest, signature: Signature) -> tuple[bytes, int | None]:
    """The body of the answer, and where its JSON ends if binary tensors follow.

    Raises:
        RequestRefusedError: An output is asked for that the model does not have.
    """
    said: list[dict[str, Any]] = []
    raw: list[bytes] = []
    for tensor in tensor_records.outputs(answered, signature, request.wanted):
        about: dict[str, Any] = {"name": tensor.name, "datatype": tensor.datatype, "shape": tensor.shape}
        if request.binary_all or tensor.name in request.binary:
            raw.append(raw_of(tensor))
            about["parameters"] = {"binary_data_size": len(raw[-1])}
        else:
            about["data"] = tensor.values
        said.append(about)
    call = answered.call
    head = _ENCODE(
        {
            "model_name": answered.endpoint,
            "model_version": answered.version,
            "id": request.id or call.id,
            "parameters": {"request_id": call.id, "arm": answered.arm, "release": answered.release or ""},
            "outputs": said,
        }
    )
    return (head, None) if not raw else (b"".join([head, *raw]), len(head))


def server_metadata(version: str) -> bytes:
    """The body of GET /v2."""
    return _ENCODE({"name": tensor_records.PLATFORM, "version": version, "extensions": EXTENSIONS})


def model_metadata(endpoint: str, versions: Sequence[Digest], signature: Signature) -> bytes:
    """The body of GET /v2/models/NAME."""
    return _ENCODE(tensor_records.metadata(endpoint, versions, signature))


def model_config(endpoint: str, signature: Signature) -> bytes:
    """The body of GET /v2/models/NAME/config, as far as Triton's form fits: there is no batch dimension of its own."""
    about = tensor_records.metadata(endpoint, (), signature)
    said = {
        "name": endpoint,
        "platform": tensor_records.PLATFORM,
        "backend": tensor_records.PLATFORM,
        "max_batch_size": 0,
    }
    return _ENCODE(said | {"input": _config(about["inputs"]), "output": _config(about["outputs"])})


def _config(columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    types = {"BYTES": "STRING"}
    return [
        {"name": c["name"], "data_type": f"TYPE_{types.get(c['datatype'], c['datatype'])}", "dims": c["shape"]}
        for c in columns
    ]


def repository_index(models: Sequence[tuple[str, Digest | None, str]], body: bytes) -> bytes:
    """The body of POST /v2/repository/index.

    Args:
        models: Endpoint, version and the reason why it is not ready (empty: it is).
        body: What was asked: nothing, or `{"ready": true}` for those that are ready only.

    Raises:
        RequestRefusedError: The body is not such an object.
    """
    try:
        asked = msgspec.json.decode(body, type=dict[str, Any]) if body.strip() else {}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise RequestRefusedError("the body is not an index request", why=str(error)[:200]) from error
    said = [
        {"name": name, "version": version or "", "state": "UNAVAILABLE" if reason else "READY", "reason": reason}
        for name, version, reason in models
        if not (asked.get("ready") and reason)
    ]
    return _ENCODE(said)
