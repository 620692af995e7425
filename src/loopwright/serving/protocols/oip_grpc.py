"""The Open Inference Protocol v2 over gRPC: between its messages and what is asked and answered."""

import math
from collections.abc import Sequence
from typing import Any

from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.errors import RequestRefusedError, UsageError
from loopwright.serving.call import Answered
from loopwright.serving.protocols import tensor_records
from loopwright.serving.protocols.oip_messages import CONTENTS, messages
from loopwright.serving.protocols.tensors import DATATYPES, Tensor, of_raw, of_values, raw_of

_SECOND = 1_000_000


def inputs(request: Any) -> list[Tensor]:
    """The tensors of a ModelInferRequest: all raw, or all with typed contents.

    Raises:
        RequestRefusedError: They are neither, or are not what they say.
        UsageError: They lie in shared memory, which is not offered.
    """
    raws = request.raw_input_contents
    if raws and len(raws) != len(request.inputs):
        raise RequestRefusedError(
            f"{len(request.inputs)} inputs and {len(raws)} raw contents", why="all inputs are raw, or none is"
        )
    made = []
    for index, said in enumerate(request.inputs):
        if "shared_memory_region" in said.parameters:
            raise UsageError("shared memory is not offered", fix="Send the tensor's values in the request.")
        if raws:
            if said.HasField("contents"):
                raise RequestRefusedError(f"input {said.name[:80]!r} has both raw and typed contents")
            made.append(of_raw(said.name, said.datatype, list(said.shape), raw=raws[index]))
        else:
            made.append(of_values(said.name, said.datatype, list(said.shape), values=_typed(said)))
    return made


def _typed(said: Any) -> list[Any]:
    field = CONTENTS.get(said.datatype)
    if field is None and said.datatype in DATATYPES:
        raise RequestRefusedError(f"input {said.name[:80]!r} has no typed contents", why=f"{said.datatype} comes raw")
    filled = [descriptor.name for descriptor, _ in said.contents.ListFields()]
    if field is not None and any(name != field for name in filled):
        raise RequestRefusedError(f"input {said.name[:80]!r} has {filled[0]}", why=f"{said.datatype} is in {field}")
    return list(getattr(said.contents, field)) if field is not None else []


def wanted(request: Any) -> list[str] | None:
    """Names of the outputs that are asked for; None: all.

    Raises:
        UsageError: One is asked for in a way that is not offered.
    """
    for output in request.outputs:
        if "shared_memory_region" in output.parameters or "classification" in output.parameters:
            raise UsageError(
                f"output {output.name[:80]!r} cannot be given so",
                why="shared memory and classification are not offered",
            )
    return [output.name for output in request.outputs] or None


def timeout_s(request: Any) -> float | None:
    """Seconds after which the answer is of no use, where the caller says."""
    if "timeout" not in request.parameters:
        return None
    micros = request.parameters["timeout"].int64_param
    return micros / _SECOND if micros > 0 else None


def answer(answered: Answered, request: Any, signature: Signature) -> Any:
    """The ModelInferResponse: raw, where the request was.

    Raises:
        RequestRefusedError: An output is asked for that the model does not have.
    """
    call = answered.call
    made = messages()["ModelInferResponse"](
        model_name=answered.endpoint, model_version=answered.version, id=request.id or call.id
    )
    said = {"request_id": call.id, "arm": answered.arm, "release": answered.release or ""}
    if answered.fallback_from is not None:
        said["fallback_from"] = answered.fallback_from
    for name, value in said.items():
        made.parameters[name].string_param = value
    raw = bool(request.raw_input_contents)
    for tensor in tensor_records.outputs(answered, signature, wanted(request)):
        output = made.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        if raw:
            made.raw_output_contents.append(raw_of(tensor))
        else:
            getattr(output.contents, CONTENTS[tensor.datatype]).extend(_plain(tensor))
    return made


def _plain(tensor: Tensor) -> list[Any]:
    """Values as typed contents hold them: no value is NaN there."""
    if tensor.datatype != "BYTES":
        return [math.nan if value is None else value for value in tensor.values]
    return [value.encode("utf-8", "replace") for value in tensor.values]


def model_metadata(endpoint: str, versions: Sequence[Digest], signature: Signature) -> Any:
    """The ModelMetadataResponse."""
    return messages()["ModelMetadataResponse"](**tensor_records.metadata(endpoint, versions, signature))
