"""A chat's stream, told as OpenAI's responses."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.ask import Ask, Outcome, Piece
from loopwright.llm.protocols.response_texts import ResponseTexts
from loopwright.llm.protocols.said import response_head
from loopwright.llm.protocols.sse import event_of
from loopwright.llm.protocols.steps import call_step, created_of
from loopwright.llm.protocols.usage import response_usage
from loopwright.llm.provider import StreamReader

_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}
_KINDS = {"message": "output_text", "reasoning": "reasoning_text"}


class ResponseTeller(StreamReader):
    """One stream. Items of the output follow one another; each is closed with all that it said."""

    def __init__(self, ask: Ask, chat_reader: StreamReader) -> None:
        """Start telling.

        Args:
            ask: The response.
            chat_reader: Reads the chat, with texts in its pieces.
        """
        self._ask = ask
        self._reader = chat_reader
        self._texts = ResponseTexts()
        self._head: dict[str, Any] = {}
        self._sequence = 0
        self._items: list[dict[str, Any]] = []
        self._open: list[int] = []
        self._calls: dict[int, int] = {}
        self._finish: str | None = None

    def feed(self, data: bytes) -> Sequence[Piece]:
        return [told for piece in self._reader.feed(data) for told in self._told(piece)]

    def end(self) -> Sequence[Piece]:
        if self._finish is not None:
            return ()
        pieces = [told for piece in self._reader.end() for told in self._told(piece)]
        pieces += [*self._beginning(0), *self._closing()]
        self._finish = self._reader.outcome.finish or "stop"
        return [*pieces, Piece(event=self._ended(self._finish, self._items), closes=True)]

    def with_text(self, piece: Piece, text: str) -> bytes:
        return self._texts.saying(piece, text)

    def stopped(self, reason: str) -> bytes:
        self._finish = reason
        self._reader.stopped(reason)
        begun = b"".join(piece.event for piece in self._beginning(0))
        items = self._texts.output(dict(enumerate(self._items))) if self._texts.asked else self._items
        return begun + self._ended(reason if reason in _REASONS else "content_filter", items)

    @property
    def outcome(self) -> Outcome:
        return self._reader.outcome

    def _told(self, piece: Piece) -> Iterator[Piece]:
        if piece.event.startswith(b":"):
            yield Piece(event=piece.event)
            return
        if piece.choice or not (piece.text or piece.tool):
            return
        if not self._head:
            yield from self._beginning(created_of(piece))
        if piece.tool:
            yield from self._called(piece)
            return
        kind = "reasoning" if piece.aside else "message"
        if not self._open or self._items[-1]["type"] != kind:
            yield from self._opening(kind)
        part = self._items[-1]["content"][0]
        part["text"] += piece.text
        event = self._event(
            f"response.{part['type']}.delta", self._open[-1], content_index=0, delta=piece.text, **_logprobs(part)
        )
        yield Piece(event=event, text=piece.text, aside=piece.aside)

    def _called(self, piece: Piece) -> Iterator[Piece]:
        """Calls stay open until something else is said: their arguments may come side by side."""
        step = call_step(piece)
        if step.name:
            if self._open and self._items[-1]["type"] != "function_call":
                yield from self._closing()
            number = len(self._items)
            identity = f"{self._head['id']}_{number}"
            self._items.append({
                "id": f"fc_{identity}", "type": "function_call", "status": "in_progress",
                "call_id": step.id or f"call_{identity}", "name": step.name, "arguments": "",
            })  # fmt: skip
            self._open.append(number)
            self._calls[piece.call] = number
            event = self._event("response.output_item.added", number, item=self._items[number])
            yield Piece(event=event, tool=step.name, call=number)
            return
        place = self._calls.get(piece.call)
        if place is None or place not in self._open:
            raise UpstreamError("the upstream sent arguments of a call that is not open", why="its stream is malformed")
        self._items[place]["arguments"] += step.arguments
        event = self._event("response.function_call_arguments.delta", place, delta=step.arguments)
        yield Piece(event=event, tool=step.arguments, call=place)

    def _beginning(self, created: int) -> Iterator[Piece]:
        if self._head:
            return
        outcome = self._reader.outcome
        model = outcome.model or str(self._ask.body.get("model") or "")
        self._head = response_head(self._ask, id=outcome.id or "resp", model=model, created=created)
        yield Piece(event=self._event("response.created", response=self._head))
        yield Piece(event=self._event("response.in_progress", response=self._head))

    def _opening(self, kind: str) -> Iterator[Piece]:
        yield from self._closing()
        identity = f"{self._head['id']}_{len(self._items)}"
        item: dict[str, Any] = {"id": f"msg_{identity}", "type": kind, "role": "assistant", "status": "in_progress"}
        if kind == "reasoning":
            item = {"id": f"rs_{identity}", "type": kind, "summary": []}
        part: dict[str, Any] = {"type": _KINDS[kind], "text": ""}
        if kind == "message":
            part |= {"annotations": [], "logprobs": []}
        number = len(self._items)
        self._items.append({**item, "content": []})
        yield Piece(event=self._event("response.output_item.added", number, item=self._items[number]))
        self._items[number]["content"] = [part]
        self._open.append(number)
        yield Piece(event=self._event("response.content_part.added", number, content_index=0, part=part))

    def _closing(self) -> Iterator[Piece]:
        """The events that close the items that are open, each with all that it said."""
        for number in self._open:
            yield from (Piece(event=event, closes=True) for event in self._closed(number))
        self._open.clear()

    def _closed(self, number: int) -> Iterator[bytes]:
        item = self._items[number]
        if item["type"] == "function_call":
            said = {"name": item["name"], "arguments": item["arguments"]}
            yield self._event("response.function_call_arguments.done", number, **said)
        else:
            part = item["content"][0]
            said = {"text": part["text"], **_logprobs(part)}
            yield self._event(f"response.{part['type']}.done", number, content_index=0, **said)
            yield self._event("response.content_part.done", number, content_index=0, part=part)
        if "status" in item:
            item["status"] = "completed"
        yield self._event("response.output_item.done", number, item=item)

    def _ended(self, reason: str, items: Sequence[dict[str, Any]]) -> bytes:
        cut = _REASONS.get(reason)
        usage = self._reader.outcome.usage
        response = {
            **self._head, "status": "incomplete" if cut else "completed", "output": list(items),
            "incomplete_details": {"reason": cut} if cut else None,
            "usage": response_usage(usage) if usage is not None else None,
        }  # fmt: skip
        return self._event("response.incomplete" if cut else "response.completed", response=response)

    def _event(self, kind: str, number: int | None = None, **fields: Any) -> bytes:
        """The next event; one that is about an item names its place."""
        body: dict[str, Any] = {"type": kind, "sequence_number": self._sequence, **fields}
        if number is not None:
            body["output_index"] = number
            if "item" not in fields:
                body["item_id"] = self._items[number]["id"]
        self._sequence += 1
        return event_of(msgspec.json.encode(body), kind)


def _logprobs(part: dict[str, Any]) -> dict[str, Any]:
    return {"logprobs": []} if part["type"] == "output_text" else {}
