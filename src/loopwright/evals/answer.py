"""What an application answered to a case, with all that scorers may look at."""

from collections.abc import Mapping
from typing import Any, Protocol

import msgspec

from loopwright.core.hashing import Digest
from loopwright.evals.case import Case
from loopwright.llm.ask import Usage
from loopwright.llm.retriever import Passage


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer.

    Attributes:
        text: What was said.
        tool_calls: `{"name": …, "arguments": …}` with the arguments as JSON text.
        passages: What retrieval found for it.
        usage: Tokens; None where nobody counted.
        cost_usd: None where the price is unknown.
        latency_us: From asking to the last byte.
        first_token_us: To the first piece; None where the answer did not stream.
        finish: Why it ended.
        blocked_by: The guard that did not let it through; empty where none.
        error: The error's code, where there is no answer; the case has then no verdict.
        why: The error in words.
        request_id: The request in the log.
        cached: Whether the evaluation had this answer already.
    """

    text: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    passages: tuple[Passage, ...] = ()
    usage: Usage | None = None
    cost_usd: float | None = None
    latency_us: int = 0
    first_token_us: int | None = None
    finish: str | None = None
    blocked_by: str = ""
    error: str = ""
    why: str = ""
    request_id: str = ""
    cached: bool = False


class Subject(Protocol):
    """What is evaluated: one version of an application, or anything else that answers."""

    @property
    def version(self) -> Digest:
        """Names it; with the case it is the key under which an answer is kept."""

    async def respond(self, case: Case, *, repeat: int) -> Answer:
        """Its answer. What goes wrong is in the answer, never raised; each `repeat`, from 0 on, asks anew."""
