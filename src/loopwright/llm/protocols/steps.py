"""The steps of a chat's stream, for those who tell it in another protocol."""

from typing import Any

import msgspec

from loopwright.llm.ask import Piece
from loopwright.llm.protocols.sse import parsed


class CallStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a call of a tool: its beginning, with name and id, or a further part of its arguments."""

    name: str = ""
    id: str = ""
    arguments: str = ""


def call_step(piece: Piece) -> CallStep:
    """What a piece of a chat's stream that has a tool says of it."""
    call = _body(piece)["choices"][0]["delta"]["tool_calls"][0]
    function = call.get("function") or {}
    if function.get("name"):
        return CallStep(name=str(function["name"]), id=str(call.get("id") or ""))
    return CallStep(arguments=piece.tool)


def created_of(piece: Piece) -> int:
    """When the answer was made, in seconds since 1970; 0 where the piece does not say."""
    created = _body(piece).get("created")
    return int(created) if isinstance(created, int | float) else 0


def _body(piece: Piece) -> dict[str, Any]:
    data = parsed(piece.event).data
    return msgspec.json.decode(data, type=dict[str, Any]) if data and data != b"[DONE]" else {}
