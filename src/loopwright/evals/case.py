"""Cases: what an application is asked to judge it, and what is known of a good answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from loopwright.core.codec import canonical
from loopwright.core.hashing import Digest, digest_bytes


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case.

    Attributes:
        id: Unique within its set; answers of two versions are compared by it.
        messages: What is asked, as a chat's messages.
        variables: Further values that the application's prompt needs.
        expected: What a good answer is or holds; None where nobody has said.
        relevant: Documents that retrieval should find.
        tool_calls: Calls that a good answer makes, `{"name": …, "arguments": {…}}`.
        tools: Tools that are offered, as a chat's `tools`.
        tags: Groups that reports show apart.
        metadata: Whatever scorers of the user's need.
        source: Where it comes from: `file`, `trace:ID`, `review:ID`, `generated`.
    """

    id: str
    messages: Sequence[Mapping[str, Any]]
    variables: Mapping[str, Any] = {}
    expected: Any = None
    relevant: tuple[str, ...] = ()
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    tools: tuple[Mapping[str, Any], ...] = ()
    tags: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = {}
    source: str = "file"

    @property
    def question(self) -> str:
        """The text of the last message of the user."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return text_of(message.get("content"))
        return ""


class Cases(msgspec.Struct, frozen=True, kw_only=True):
    """A set of cases, at one version of it."""

    name: str
    cases: tuple[Case, ...]

    @property
    def digest(self) -> Digest:
        """Names the set's content."""
        return digest_bytes(canonical(self.cases))


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or the text parts of a list."""
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list | tuple) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping) and "text" in part)
