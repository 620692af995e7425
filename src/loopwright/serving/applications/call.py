"""One call of an application, as a protocol has read it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loopwright.core.clock import Micros
from loopwright.llm.ask import Ask

KEY_HEADER = "loopwright-key"
USER_HEADER = "loopwright-user"
FEATURE_HEADER = "loopwright-feature"
SESSION_HEADER = "loopwright-session"
_CONVERSATION = ("conversation_id", "session_id")


@dataclass(slots=True, kw_only=True)
class GenerationCall:
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
        user: Whom it is for: the header `loopwright-user`, else the body's `user` or `metadata.user_id`; empty where
            nobody says.
        session: The conversation it belongs to: the header `loopwright-session`, else what the body says; empty too.
        feature: What it is for: the header `loopwright-feature`.
    """

    id: str
    ask: Ask
    started: float
    at: Micros
    caller: str
    headers: Mapping[str, str]
    model: str = ""
    pinned: str | None = None
    user: str = field(init=False)
    session: str = field(init=False)
    feature: str = field(init=False)

    def __post_init__(self) -> None:
        headers, body = self.headers, self.ask.body
        metadata = body.get("metadata")
        about: Mapping[str, Any] = metadata if isinstance(metadata, Mapping) else {}
        self.user = headers.get(USER_HEADER) or _text(body.get("user")) or _text(about.get("user_id"))
        self.session = headers.get(SESSION_HEADER) or _conversation(body, about)
        self.feature = headers.get(FEATURE_HEADER, "")

    @property
    def key(self) -> str:
        """What the lot is drawn by: the header `loopwright-key`, else the user, the conversation, the request."""
        return self.headers.get(KEY_HEADER) or self.user or self.session or self.id

    @property
    def sticky(self) -> str:
        """What keeps calls together at one upstream: the conversation, else the user; empty where nobody says."""
        return self.session or self.user


def _conversation(body: Mapping[str, Any], about: Mapping[str, Any]) -> str:
    named = body.get("conversation")
    if isinstance(named, Mapping):
        named = named.get("id")
    return _text(named) or next((_text(about[name]) for name in _CONVERSATION if name in about), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
