"""What upstreams send, decoded: a JSON object, or an error that says what came instead."""

from typing import Any

import msgspec

from loopwright.errors import UpstreamError
from loopwright.llm.protocols.sse import Event, SseParser, parsed
from loopwright.llm.providers.refusals import error_in, refusal_of

_DECODER = msgspec.json.Decoder(dict[str, Any])


def whole_answer(body: bytes) -> dict[str, Any]:
    """The body of an answer of status 200.

    Raises:
        UpstreamError: It is no JSON object, or says that something went wrong in spite of its status.
    """
    try:
        data = _DECODER.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError(
            "the upstream's answer is no JSON object", why="its body is malformed or cut off"
        ) from error
    wrong = error_in(data)
    if wrong:
        raise UpstreamError("the upstream answered with an error", why=wrong)
    return data


def event_body(event: Event) -> dict[str, Any]:
    """What an event of a stream says.

    Raises:
        UpstreamError: It is no JSON object, or an error of the upstream's.
    """
    try:
        body = _DECODER.decode(event.data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UpstreamError(
            "the upstream sent an event that is no JSON object", why="its stream is malformed"
        ) from error
    wrong = error_in(body) or (refusal_of(200, event.data) if event.name == "error" else "")
    if wrong:
        raise UpstreamError("the upstream broke off its answer with an error", why=wrong)
    return body


def last_event(parser: SseParser) -> Event | None:
    """The event that a stream ended in without the empty line after it, if any.

    Raises:
        UpstreamError: What came was no stream but JSON.
    """
    rest = parser.rest()
    if not rest:
        return None
    if rest.lstrip().startswith((b"{", b"[")):
        raise UpstreamError("the upstream sent no stream", why=refusal_of(200, rest))
    return parsed(rest.rstrip(b"\r\n") + b"\n\n")


def cut_off(why: str) -> UpstreamError:
    """The error of a stream that ended before its answer did."""
    return UpstreamError("the upstream's stream was cut off before its end", why=why)
