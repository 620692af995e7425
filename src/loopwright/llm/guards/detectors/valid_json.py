"""Answers that must be JSON, of a schema; what is nearly so is mended."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.codec import to_json
from loopwright.llm.guards.detector import Shaped, Shaper
from loopwright.llm.guards.json_repair import repaired
from loopwright.llm.guards.json_schema import JsonSchema


class ValidJson(Shaper):
    """Finds texts that are no JSON (`not_json`) or not of a schema (`wrong_json`). Values are never changed to fit.

    Args:
        schema: JSON schema; None: any JSON.

    Raises:
        UsageError: The schema is none.
    """

    def __init__(self, schema: Mapping[str, Any] | None = None) -> None:
        self._schema = JsonSchema(schema) if schema is not None else None

    def shape(self, text: str) -> Shaped:
        try:
            value, shown, problem = msgspec.json.decode(text), text, ""
        except (msgspec.DecodeError, RecursionError):
            try:
                value, problem = repaired(text), "not_json"
                shown = to_json(value).decode()
            except (ValueError, OverflowError):
                return Shaped(text, "not_json", mended=False)
        if self._schema is not None and self._schema.problem(value):
            return Shaped(text, "wrong_json", mended=False)
        return Shaped(shown, problem)
