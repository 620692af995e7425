"""The messages of the Open Inference Protocol's gRPC service, written from the protocol's text.

Source: github.com/kserve/open-inference-protocol, `inference_grpc.md`; streams and the index are Triton's.
The descriptors lie in a pool of their own, so that a client library in the same process can have its own.
"""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

PACKAGE = "inference"
SERVICE = f"{PACKAGE}.GRPCInferenceService"
METHODS = (
    "ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer", "RepositoryIndex",
)  # fmt: skip
"""Methods with one request and one answer: `{method}Request` and `{method}Response`. `ModelStreamInfer` has many."""

# Fields are numbered as they stand, from 1. `*` marks a repeated field, `map` a map from names to parameters.
_PARAMETERS = "map"
_TENSOR = (("name", "string"), ("datatype", "string"), ("shape", "*int64"))
_MESSAGES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ServerLiveRequest": (),
    "ServerLiveResponse": (("live", "bool"),),
    "ServerReadyRequest": (),
    "ServerReadyResponse": (("ready", "bool"),),
    "ModelReadyRequest": (("name", "string"), ("version", "string")),
    "ModelReadyResponse": (("ready", "bool"),),
    "ServerMetadataRequest": (),
    "ServerMetadataResponse": (("name", "string"), ("version", "string"), ("extensions", "*string")),
    "ModelMetadataRequest": (("name", "string"), ("version", "string")),
    "ModelMetadataResponse": (
        ("name", "string"),
        ("versions", "*string"),
        ("platform", "string"),
        ("inputs", "*ModelMetadataResponse.TensorMetadata"),
        ("outputs", "*ModelMetadataResponse.TensorMetadata"),
    ),
    "ModelMetadataResponse.TensorMetadata": _TENSOR,
    "InferTensorContents": (
        ("bool_contents", "*bool"),
        ("int_contents", "*int32"),
        ("int64_contents", "*int64"),
        ("uint_contents", "*uint32"),
        ("uint64_contents", "*uint64"),
        ("fp32_contents", "*float"),
        ("fp64_contents", "*double"),
        ("bytes_contents", "*bytes"),
    ),
    "ModelInferRequest": (
        ("model_name", "string"),
        ("model_version", "string"),
        ("id", "string"),
        ("parameters", _PARAMETERS),
        ("inputs", "*ModelInferRequest.InferInputTensor"),
        ("outputs", "*ModelInferRequest.InferRequestedOutputTensor"),
        ("raw_input_contents", "*bytes"),
    ),
    "ModelInferRequest.InferInputTensor": (*_TENSOR, ("parameters", _PARAMETERS), ("contents", "InferTensorContents")),
    "ModelInferRequest.InferRequestedOutputTensor": (("name", "string"), ("parameters", _PARAMETERS)),
    "ModelInferResponse": (
        ("model_name", "string"),
        ("model_version", "string"),
        ("id", "string"),
        ("parameters", _PARAMETERS),
        ("outputs", "*ModelInferResponse.InferOutputTensor"),
        ("raw_output_contents", "*bytes"),
    ),
    "ModelInferResponse.InferOutputTensor": (
        *_TENSOR,
        ("parameters", _PARAMETERS),
        ("contents", "InferTensorContents"),
    ),
    "ModelStreamInferResponse": (("error_message", "string"), ("infer_response", "ModelInferResponse")),
    "RepositoryIndexRequest": (("repository_name", "string"), ("ready", "bool")),
    "RepositoryIndexResponse": (("models", "*RepositoryIndexResponse.ModelIndex"),),
    "RepositoryIndexResponse.ModelIndex": (
        ("name", "string"),
        ("version", "string"),
        ("state", "string"),
        ("reason", "string"),
    ),
}
_CHOICES = (
    ("bool_param", "bool"),
    ("int64_param", "int64"),
    ("string_param", "string"),
    ("double_param", "double"),
    ("uint64_param", "uint64"),
)
_PARAMETER = "InferParameter"
CONTENTS: Mapping[str, str] = MappingProxyType(
    {
        "BOOL": "bool_contents",
        **{f"INT{bits}": "int_contents" for bits in (8, 16, 32)},
        "INT64": "int64_contents",
        **{f"UINT{bits}": "uint_contents" for bits in (8, 16, 32)},
        "UINT64": "uint64_contents",
        "FP32": "fp32_contents",
        "FP64": "fp64_contents",
        "BYTES": "bytes_contents",
    }
)
"""The field of typed contents that holds a datatype; FP16 has none and comes raw only."""


@cache
def messages() -> Mapping[str, Any]:
    """The message classes by name.

    Raises:
        ImportError: protobuf is not installed.
    """
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="loopwright_inference.proto", package=PACKAGE, syntax="proto3")
    made = {_PARAMETER: _parameter(file.message_type.add())}
    for name, fields in _MESSAGES.items():
        outer, _, inner = name.rpartition(".")
        message = made[outer].nested_type.add() if outer else file.message_type.add()
        message.name = inner or name
        made[name] = message
        for number, (field, kind) in enumerate(fields, start=1):
            _add_field(message, name, (field, number), kind=kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return MappingProxyType(
        {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in made}
    )


def _parameter(message: Any) -> Any:
    """A parameter is one of several scalars."""
    message.name = _PARAMETER
    message.oneof_decl.add(name="parameter_choice")
    for number, (field, kind) in enumerate(_CHOICES, start=1):
        _add_field(message, _PARAMETER, (field, number), kind=kind).oneof_index = 0
    return message


def _add_field(message: Any, owner: str, named: tuple[str, int], *, kind: str) -> Any:
    field = message.field.add(name=named[0], number=named[1])
    if kind == _PARAMETERS:
        entry = message.nested_type.add(name="ParametersEntry")
        entry.options.map_entry = True
        _add_field(entry, owner, ("key", 1), kind="string")
        _add_field(entry, owner, ("value", 2), kind=_PARAMETER)
        kind = f"*{owner}.ParametersEntry"
    repeated, kind = kind.startswith("*"), kind.removeprefix("*")
    field.label = field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
    scalar = getattr(field, f"TYPE_{kind.upper()}", None)
    if scalar is None:
        field.type = field.TYPE_MESSAGE
        field.type_name = f".{PACKAGE}.{kind}"
    else:
        field.type = scalar
    return field
