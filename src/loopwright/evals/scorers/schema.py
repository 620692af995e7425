"""Whether an answer is JSON of a form."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from loopwright.core.codec import plain
from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score
from loopwright.llm.guards.json_schema import JsonSchema


@dataclass(frozen=True, slots=True, kw_only=True)
class OfSchema(PlainScorer):
    """See `json_schema`."""

    kind: ClassVar[str] = "json_schema/1"
    name: str
    schema: Mapping[str, Any] | None

    def judged(self, case: Case, answer: Answer) -> Score:
        given = self.schema if self.schema is not None else case.metadata.get("schema")
        if not isinstance(given, Mapping):
            return self.unjudged("the case has no schema (`metadata.schema`)")
        try:
            schema = JsonSchema(given)
        except UsageError as error:
            return self.unjudged(f"the case's schema cannot be used: {error.what}")
        try:
            value = plain(answer.text)
        except ValueError as error:
            return self.verdict(False, reason=f"the answer is not JSON: {error}")
        wrong = schema.problem(value)
        return self.verdict(not wrong, reason=wrong)


def json_schema(schema: Mapping[str, Any] | None = None, *, name: str = "json_schema") -> OfSchema:
    """The whole answer is JSON that satisfies a schema.

    Args:
        schema: For every case; `llm.guards.json_schema` says which words of JSON schema are understood. None: as the
            case's `metadata.schema` says.
        name: As reports call it.

    Raises:
        UsageError: The schema uses a word that is not understood, or is none.
    """
    if schema is not None:
        JsonSchema(schema)
    return OfSchema(name=name, schema=schema)
