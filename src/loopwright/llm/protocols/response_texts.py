"""What a stream of OpenAI's responses has said, for the events that say it again."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.llm.ask import Piece
from loopwright.llm.protocols.sse import event_of, parsed

_DECODER = msgspec.json.Decoder(dict[str, Any])
_Place = tuple[int, int]


class ResponseTexts:
    """The texts of one stream as they were sent, which guards may have changed.

    Attributes:
        asked: Whether anybody has sent a piece through here; if not, all texts were sent as they came.
    """

    def __init__(self) -> None:
        self.asked = False
        self._said: dict[_Place, str] = {}
        self._changed = False

    def saying(self, piece: Piece, text: str) -> bytes:
        """The piece's event with `text` in place of its own; an event that repeats texts, with those that were sent."""
        self.asked = True
        event = parsed(piece.event)
        if not event.data or event.data == b"[DONE]":
            return piece.event
        own = piece.text or piece.tool
        if not own and not self._changed:
            return piece.event
        body = _DECODER.decode(event.data)
        if not own:
            _resay(body, self._said)
        elif "item" in body:
            body["item"]["name"] = text
        else:
            place = _place(body)
            self._said[place] = self._said.get(place, "") + text
            body["delta"] = text
        if own and text == own:
            return piece.event
        self._changed = True
        if own and not text:
            return b""
        if "logprobs" in body:
            body["logprobs"] = []
        return event_of(msgspec.json.encode(body), event.name)

    def output(self, items: Mapping[int, Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The items of a response that is broken off, with what was sent of each.

        Args:
            items: As they began, by their place in the output.
        """
        return [self._item(index, dict(items[index])) for index in sorted(items)]

    def _item(self, index: int, item: dict[str, Any]) -> dict[str, Any]:
        if item.get("type") == "function_call":
            return {**item, "arguments": self._said.get((index, -1), ""), "status": "incomplete"}
        if item.get("type") != "message":
            return {**item, "content": [], "summary": []} if item.get("type") == "reasoning" else item
        said = [text for (place, part), text in sorted(self._said.items()) if place == index and part >= 0]
        content = [{"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in said]
        return {**item, "content": content, "status": "incomplete"}


def _place(body: Mapping[str, Any]) -> _Place:
    """Where a text stands: the item of the output, and the part of it from 0 on; a call's arguments have the part -1,
    the parts of a summary -2 and below."""
    index = int(body.get("output_index") or 0)
    if body.get("summary_index") is not None:
        return index, -2 - int(body["summary_index"])
    return index, int(body["content_index"]) if body.get("content_index") is not None else -1


def _resay(body: dict[str, Any], said: Mapping[_Place, str]) -> None:
    """Put what was sent in place of every text that a closing event repeats."""
    index = int(body.get("output_index") or 0)
    for name in ("text", "refusal", "arguments", "input"):
        if isinstance(body.get(name), str):
            body[name] = said.get(_place(body), "")
    if isinstance(body.get("part"), dict):
        _resay_part(body["part"], said.get(_place(body), ""))
    if isinstance(body.get("item"), dict):
        _resay_item(body["item"], index, said)
    response = body.get("response")
    for number, item in enumerate(response.get("output") or () if isinstance(response, Mapping) else ()):
        _resay_item(item, number, said)


def _resay_item(item: dict[str, Any], index: int, said: Mapping[_Place, str]) -> None:
    for name in ("arguments", "input"):
        if isinstance(item.get(name), str):
            item[name] = said.get((index, -1), "")
    for number, part in enumerate(_parts(item.get("content"))):
        _resay_part(part, said.get((index, number), ""))
    for number, part in enumerate(_parts(item.get("summary"))):
        _resay_part(part, said.get((index, -2 - number), ""))


def _resay_part(part: dict[str, Any], text: str) -> None:
    part["refusal" if part.get("type") == "refusal" else "text"] = text
    for name in ("annotations", "logprobs"):
        if name in part:
            part[name] = []


def _parts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
