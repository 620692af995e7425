"""The server's OpenAPI document (3.1), generated from the contracts of the versions that answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.serving.protocols.tensors import DATATYPES
from loopwright.version import VERSION
from loopwright.web.asking import MOST_RECORDS
from loopwright.web.json_schemas import Schema, answer_schema, record_schema

_JSON = "application/json"
_FAILURES: Mapping[str, str] = {
    "400": "The request is not one that is answered: a parameter, or the number of records.",
    "401": "A key is needed.",
    "403": "The key, the Host or the Origin does not allow this.",
    "404": "There is no such path, endpoint or version.",
    "405": "The method is not answered here; `Allow` says which are.",
    "413": "The body is too large.",
    "415": "The body's type or encoding is not taken.",
    "422": "A record breaks the contract; field and rule are named.",
    "429": "The key is used too often.",
    "500": "The server failed; its log has the cause.",
    "502": "The version failed, and no other could answer.",
    "503": "Overloaded or not ready; `Retry-After` says when to try again.",
    "504": "No answer within the deadline.",
    "507": "The disk of the request log is full.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """One endpoint, as its champion is.

    Attributes:
        name: The endpoint's name.
        version: Digest of its champion.
        signature: Its contract.
        example: A record that it answers.
        strict: Whether its door refuses what breaks the contract, or flags it.
    """

    name: str
    version: Digest
    signature: Signature
    example: dict[str, Any]
    strict: bool


def document(endpoints: Sequence[Described]) -> dict[str, Any]:
    """The document."""
    names = [endpoint.name for endpoint in endpoints]
    paths: dict[str, Any] = {}
    for endpoint in endpoints:
        paths |= _predict(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Loopwright inference",
            "version": VERSION,
            "description": "Predictions of " + (", ".join(names) or "no endpoint yet") + ".",
        },
        "paths": paths | _mlflow(endpoints) | _oip(names) | _about(),
        "components": {
            "schemas": _schemas(endpoints),
            "responses": _failures("Error", "error_")
            | _failures("OipError", "oip_")
            | _failures("MlflowError", "mlflow_"),
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"key": []}],
    }


def _schemas(endpoints: Sequence[Described]) -> dict[str, Schema]:
    text: Schema = {"type": "string"}
    made: dict[str, Schema] = {
        "Error": {
            "type": "object",
            "properties": {name: text for name in ("code", "what", "why", "fix")} | {"context": {"type": "object"}},
            "required": ["code", "what", "why", "fix", "context"],
        },
        "OipError": {"type": "object", "properties": {"error": text}, "required": ["error"]},
        "MlflowError": {
            "type": "object",
            "properties": {"error_code": text, "message": text},
            "required": ["error_code", "message"],
        },
        "Tensor": {
            "type": "object",
            "properties": {
                "name": text,
                "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}, "minItems": 1, "maxItems": 8},
                "datatype": {"enum": list(DATATYPES)},
                "data": {"type": "array"},
                "parameters": {"type": "object"},
            },
            "required": ["name", "shape", "datatype"],
        },
    }
    for endpoint in endpoints:
        example, signature = endpoint.example, endpoint.signature
        made[f"Record.{endpoint.name}"] = record_schema(signature, example, strict=endpoint.strict)
        made[f"Answer.{endpoint.name}"] = answer_schema(signature)
    return made


def _failures(schema: str, prefix: str) -> dict[str, Any]:
    content = {_JSON: {"schema": _ref(schema)}}
    return {f"{prefix}{status}": {"description": said, "content": content} for status, said in _FAILURES.items()}


def _ref(schema: str) -> Schema:
    return {"$ref": f"#/components/schemas/{schema}"}


def _answered(content: Mapping[str, Any], failures: str, *statuses: str) -> dict[str, Any]:
    """The responses of an operation: what it answers, and how it may fail."""
    made: dict[str, Any] = {"200": {"description": "The answer.", "content": content}}
    shown = [*statuses, "401", "403", "405", "429", "500"]
    return made | {status: {"$ref": f"#/components/responses/{failures}_{status}"} for status in sorted(set(shown))}


_ASKING = ("400", "404", "413", "415", "422", "502", "503", "504", "507")


def _predict(endpoint: Described) -> dict[str, Any]:
    name = endpoint.name
    ask, describe = _ask(endpoint), _describe(name)
    version = {
        "name": "version",
        "in": "path",
        "required": True,
        "description": "A version that answers now: its digest, or at least the first 8 characters of it.",
        "schema": {"type": "string", "minLength": 1, "pattern": "^[0-9a-f]+$"},
        "example": endpoint.version,
    }
    return {
        f"/predict/{name}": {
            "get": describe | {"operationId": f"describe_{name}"},
            "post": ask | {"operationId": f"predict_{name}"},
        },
        f"/predict/{name}/versions/{{version}}": {
            "parameters": [version],
            "get": describe | {"operationId": f"describe_version_of_{name}"},
            "post": ask | {"operationId": f"predict_with_version_of_{name}"},
        },
    }


def _describe(name: str) -> dict[str, Any]:
    return {
        "summary": f"What {name} takes and answers",
        "tags": [name],
        "responses": _answered({_JSON: {"schema": {"type": "object"}}}, "error", "404", "503"),
    }


def _ask(endpoint: Described) -> dict[str, Any]:
    name = endpoint.name
    explain = {
        "name": "explain",
        "in": "query",
        "description": "Whether the answer says what each feature contributed.",
        "schema": {"type": "boolean", "default": False},
    }
    answers = {_JSON: {"schema": _ref(f"Answer.{name}")}, "text/event-stream": {"schema": {"type": "string"}}}
    return {
        "summary": f"Ask {name}",
        "description": "One record, several as `records`, or a list of them. With `Accept: text/event-stream` the "
        "answer comes as server-sent events.",
        "tags": [name],
        "parameters": [explain],
        "requestBody": {
            "required": True,
            "content": {_JSON: {"schema": _body(_ref(f"Record.{name}")), "example": endpoint.example}},
        },
        "responses": _answered(answers, "error", *_ASKING),
    }


def _body(record: Schema) -> Schema:
    several = _several(record)
    named: Schema = {
        "type": "object",
        "properties": {"records": several},
        "required": ["records"],
        "additionalProperties": False,
    }
    return {"anyOf": [record, named, several]}


_SHAPES: Mapping[str, Schema] = {
    "dataframe_split": {
        "type": "object",
        "properties": {"columns": {"type": "array"}, "data": {"type": "array", "minItems": 1}, "index": {}},
        "required": ["data"],
        "additionalProperties": False,
    },
    "dataframe_records": {"type": "array", "items": {"type": "object"}, "minItems": 1, "maxItems": MOST_RECORDS},
    "instances": {"type": "array", "minItems": 1, "maxItems": MOST_RECORDS},
    "inputs": {"type": ["array", "object"], "minItems": 1, "minProperties": 1},
}


def _mlflow(endpoints: Sequence[Described]) -> dict[str, Any]:
    parameter = {
        "name": "endpoint",
        "in": "query",
        "required": len(endpoints) > 1,
        "schema": {"enum": [endpoint.name for endpoint in endpoints]},
    }
    shapes: Schema = {
        "type": "object",
        "description": "Columns that the model does not know are left out.",
        "oneOf": [{"required": [name], "properties": {name: form}} for name, form in _SHAPES.items()],
    }
    example = {"dataframe_records": [endpoints[0].example]} if endpoints else {}
    lines: Schema = {"type": "string", "minLength": 3, "description": "A line of column names, then a line a record."}
    content = {_JSON: {"schema": shapes, "example": example}, "text/csv": {"schema": lines}}
    predictions: Schema = {
        "type": "object",
        "properties": {"predictions": {"type": "array"}},
        "required": ["predictions"],
    }
    invoke = {
        "summary": "Ask in MLflow's form",
        "operationId": "invocations",
        "tags": ["MLflow"],
        "parameters": [parameter],
        "requestBody": {"required": True, "content": content},
        "responses": _answered({_JSON: {"schema": predictions}}, "mlflow", *(s for s in _ASKING if s != "422")),
    }
    return {
        "/invocations": {"post": invoke},
        "/ping": {"get": _plain("MLflow", "Whether requests may be sent")},
        "/health": {"get": _plain("MLflow", "Whether requests may be sent")},
        "/version": {"get": _plain("MLflow", "The version of Loopwright", media="text/plain")},
    }


def _several(item: Schema) -> Schema:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": MOST_RECORDS}


def _plain(tag: str, summary: str, *, media: str = _JSON) -> dict[str, Any]:
    """A GET whose answer needs no schema."""
    unready: dict[str, Any] = {"503": {"description": "Not yet, or no longer.", "content": {media: {}}}}
    return {"summary": summary, "tags": [tag], "responses": _answered({media: {}}, "error") | unready}


def _oip(names: Sequence[str]) -> dict[str, Any]:
    name = {"name": "name", "in": "path", "required": True, "schema": {"enum": list(names)}}
    tensors: Schema = {"type": "array", "items": _ref("Tensor"), "minItems": 1}
    asked: Schema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "inputs": tensors},
        "required": ["inputs"],
    }
    said: Schema = {
        "type": "object",
        "properties": {"model_name": {"type": "string"}, "model_version": {"type": "string"}, "outputs": tensors},
        "required": ["model_name", "model_version", "outputs"],
    }
    content = {_JSON: {"schema": said}, "application/octet-stream": {}}
    infer = {
        "summary": "Ask with tensors",
        "operationId": "infer",
        "tags": ["Open Inference Protocol v2"],
        "requestBody": {"required": True, "content": {_JSON: {"schema": asked}, "application/octet-stream": {}}},
        "responses": _answered(content, "oip", *_ASKING),
    }
    tag = "Open Inference Protocol v2"
    described = {"responses": _answered({_JSON: {}}, "oip", "404", "503"), "tags": [tag]}
    return {
        "/v2": {"get": _oip_plain("The server")},
        "/v2/health/live": {"get": _oip_plain("Whether the process lives")},
        "/v2/health/ready": {"get": _oip_plain("Whether requests may be sent")},
        "/v2/models/{name}": {"parameters": [name], "get": described | {"summary": "What a model takes and answers"}},
        "/v2/models/{name}/ready": {"parameters": [name], "get": described | {"summary": "Whether a model answers"}},
        "/v2/models/{name}/config": {"parameters": [name], "get": described | {"summary": "The same in Triton's form"}},
        "/v2/models/{name}/infer": {"parameters": [name], "post": infer},
    }


def _oip_plain(summary: str) -> dict[str, Any]:
    return {
        "summary": summary,
        "tags": ["Open Inference Protocol v2"],
        "responses": _answered({_JSON: {}}, "oip", "503") | {"503": {"description": "No.", "content": {_JSON: {}}}},
    }


def _about() -> dict[str, Any]:
    health = {"startup": "Whether versions have been loaded", "live": "Whether the process lives",
              "ready": "Whether requests may be sent"}  # fmt: skip
    made = {f"/health/{name}": {"get": _plain("Health", summary)} for name, summary in health.items()}
    figures = _plain("Figures", "Figures for Prometheus", media="text/plain") | {"security": [{"key": []}]}
    return made | {
        "/metrics": {"get": figures},
        "/openapi.json": {"get": _plain("Documents", "This document")},
        "/docs": {"get": _plain("Documents", "The endpoints, for people", media="text/html")},
    }
