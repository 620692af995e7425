"""One call of an application, as a protocol has read it."""

from collections.abc import Mapping
from typing import Any

import msgspec
from blake3 import blake3

from loopwright.core.clock import Micros
from loopwright.llm.ask import Ask

KEY_HEADER = "loopwright-key"
USER_HEADER = "loopwright-user"
FEATURE_HEADER = "loopwright-feature"
SESSION_HEADER = "loopwright-session"
_NOTHING: dict[str, Any] = {}
_CONVERSATION = ("conversation_id", "session_id")
LONGEST_NAME = 200
"""Characters of a user, a conversation or a feature; what is longer goes by its digest, as every row holds it."""


class GenerationCall(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked.

    Attributes:
        id: The request's.
        ask: The body, in the caller's protocol.
        started: Monotonic seconds at receipt.
        at: The workspace's time of receipt.
        caller: The key's id, `home` or `anyone`.
        headers: By lower-case name.
        model: What the caller names as the model.
        pinned: Answer with this version only (a digest or its start), or with whatever the arms say.
        user: Whom it is for; empty where nobody says.
        session: The conversation that it belongs to; empty where nobody says.
        feature: What it is for; empty where nobody says.
    """

    id: str
    ask: Ask
    started: float
    at: Micros
    caller: str
    headers: Mapping[str, str]
    model: str = ""
    pinned: str | None = None
    user: str = ""
    session: str = ""
    feature: str = ""

    @property
    def key(self) -> str:
        """What the lot is drawn by: the header `loopwright-key`, else the user, the conversation, the request."""
        return self.headers.get(KEY_HEADER) or self.user or self.session or self.id

    @property
    def sticky(self) -> str:
        """What keeps calls together at one upstream: the conversation, else the user; empty where nobody says."""
        return self.session or self.user


def named(headers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, str]:
    """Whom and what a call is for, as `GenerationCall` takes it.

    Args:
        headers: `loopwright-user`, `loopwright-session` and `loopwright-feature` say it first.
        body: Else its `user` or `metadata.user_id`, and its `conversation`, `metadata.conversation_id` or
            `metadata.session_id`.
    """
    metadata = body.get("metadata")
    about: dict[str, Any] = metadata if isinstance(metadata, dict) else _NOTHING
    return {
        "user": _short(headers.get(USER_HEADER) or _text(body.get("user")) or _text(about.get("user_id"))),
        "session": _short(headers.get(SESSION_HEADER) or _conversation(body, about)),
        "feature": _short(headers.get(FEATURE_HEADER, "")),
    }


def _conversation(body: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    conversation = body.get("conversation")
    if isinstance(conversation, dict):
        conversation = conversation.get("id")
    said = _text(conversation)
    return said if said or not about else next((_text(about[name]) for name in _CONVERSATION if name in about), "")


def _short(name: str) -> str:
    if len(name) <= LONGEST_NAME:
        return name
    return f"blake3:{blake3(name.encode('utf-8', 'surrogatepass')).hexdigest(16)}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
