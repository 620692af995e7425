"""What an endpoint answers where no version can: the arms' declared default, in the caller's protocol."""

from collections.abc import Mapping
from typing import Any

from loopwright.core.clock import SECOND
from loopwright.core.codec import to_json
from loopwright.llm.ask import Reply
from loopwright.llm.protocols.saying import reply_saying
from loopwright.serving.applications.call import GenerationCall

DEFAULT = "default"


def default_reply(call: GenerationCall, default: Mapping[str, Any]) -> Reply:
    """The default's `text`, or the default as JSON where it has none. Embeddings have no default; see `has_default`."""
    text = default.get("text")
    return reply_saying(
        call.ask, text if isinstance(text, str) else to_json(dict(default)).decode(), model=DEFAULT, id=call.id,
        created=call.at // SECOND, finish="stop", usage=None,
    )  # fmt: skip


def has_default(call: GenerationCall, default: Mapping[str, Any] | None) -> bool:
    """Whether the default can be said in answer to a call."""
    return default is not None and call.ask.operation != "embedding"
