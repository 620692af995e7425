"""A model's contract as JSON Schema (draft 2020-12): what its door takes, and what its answers look like."""

from typing import Any

from loopwright.core.schema import Column, Kind, Signature

Schema = dict[str, Any]
_INT64 = 2**63
_MICROS = 2**62
_DOUBLE = 1.7976931348623157e308
_MOST_LEVELS = 1000
_TYPES: dict[Kind, str] = {
    "float": "number", "int": "integer", "bool": "boolean", "string": "string", "category": "string",
}  # fmt: skip


def record_schema(signature: Signature, example: dict[str, Any], *, strict: bool) -> Schema:
    """One record.

    Args:
        signature: The model's contract.
        example: A record that the model answers.
        strict: Whether the door refuses what is out of range, unknown or missing, or lets it through with a flag.
    """
    made: Schema = {
        "type": "object",
        "properties": {column.name: _column(column, strict=strict) for column in signature.request},
        "examples": [example],
    }
    if strict:
        made["required"] = [column.name for column in signature.request if not column.nullable]
        made["additionalProperties"] = False
    return made


def _column(column: Column, *, strict: bool) -> Schema:
    nullable = column.nullable or not strict
    if column.kind == "datetime":
        forms: list[Schema] = [
            {"type": "string", "format": "date-time"},
            {"type": "integer", "minimum": -_MICROS, "maximum": _MICROS - 1, "description": "Microseconds since 1970."},
        ]
        return {"anyOf": [*forms, {"type": "null"}] if nullable else forms} | _described(column)
    named = _TYPES[column.kind]
    made: Schema = {"type": [named, "null"] if nullable else named} | _described(column)
    if column.kind in ("int", "float"):
        made |= _bounds(column, strict=strict)
    if column.closed and column.categories and strict:
        made["enum"] = [*column.categories, None] if nullable else list(column.categories)
    elif column.categories:
        made["examples"] = list(column.categories[:_MOST_LEVELS])
    return made


def _bounds(column: Column, *, strict: bool) -> Schema:
    """The contract's bounds, or those of the numbers that a model can be given."""
    whole = column.kind == "int"
    made: Schema = {
        "minimum": -_INT64 if whole else -_DOUBLE,
        "maximum": _INT64 - 1 if whole else _DOUBLE,
    }
    if not strict:
        return made
    for name, value, is_open in (
        ("minimum", column.minimum, column.exclusive_minimum),
        ("maximum", column.maximum, column.exclusive_maximum),
    ):
        if value is not None and is_open:
            made[f"exclusive{name.capitalize()}"] = value
        elif value is not None:
            made[name] = value
    return made


def _described(column: Column) -> Schema:
    parts = []
    if column.kind == "category" and not column.closed:
        parts.append("An unseen level is taken as unknown.")
    if column.nullable:
        parts.append("May be null or left out.")
    return {"description": " ".join(parts)} if parts else {}


def prediction_schema(signature: Signature) -> Schema:
    """What is said of one record."""
    classes = list(signature.classes)
    if signature.task == "regression":
        made: Schema = {"prediction": {"type": "number"}, "score": {"type": ["number", "null"]}}
    elif signature.task == "binary":
        score = {"type": ["number", "null"], "description": f"Probability of {classes[1]!r}."}
        made = {"prediction": {"enum": classes}, "score": score}
    else:
        shares = {"type": "array", "items": {"type": "number"}, "minItems": len(classes), "maxItems": len(classes)}
        said = "In the order of " + ", ".join(map(str, classes))[:500] + "."
        made = {"prediction": {"enum": classes}, "probabilities": shares | {"description": said}}
    made["request_id"] = {"type": "string"}
    made["flags"] = {"type": "array", "items": {"type": "string"}, "description": "`field:rule` of what was let pass."}
    made["explanation"] = _EXPLANATION
    return {"type": "object", "properties": made, "required": ["prediction", "request_id"]}


_ADDENDS: Schema = {"type": ["number", "array"]}
_EXPLANATION: Schema = {
    "type": "object",
    "description": "What each feature contributed: base value and contributions add up to the answer on `scale`.",
    "properties": {
        "scale": {"type": "string"},
        "base_value": _ADDENDS,
        "contributions": {"type": "object", "additionalProperties": _ADDENDS},
    },
    "required": ["scale", "base_value", "contributions"],
}
_ANSWERER: Schema = {
    "version": {"type": "string", "description": "Digest of the version that answered."},
    "arm": {"type": "string"},
    "release": {"type": ["string", "null"]},
    "fallback_from": {"type": "string", "description": "The arm that was asked first and failed."},
}


def answer_schema(signature: Signature) -> Schema:
    """The answer to one record, or to several."""
    one = prediction_schema(signature)
    return {
        "anyOf": [
            one | {"properties": one["properties"] | _ANSWERER, "required": [*one["required"], "version", "arm"]},
            {
                "type": "object",
                "properties": {
                    "request_id": {"type": "string"},
                    "predictions": {"type": "array", "items": one},
                    **_ANSWERER,
                },
                "required": ["request_id", "predictions", "version", "arm"],
            },
        ]
    }
