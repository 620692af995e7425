"""The seam of upstreams that are answered in this process: what a package gives for a scheme of its own.

A package names a `LocalModel` as an entry point of the group `loopwright.local_upstreams`, under its scheme. It is
called in a thread and may block; several calls come at once, from several threads. It speaks OpenAI's protocol: a
refusal is an answer of a status above 399 whose body is `{"error": {"message": …}}`. What it raises counts as a failure
of the upstream.
"""

from collections.abc import Callable, Iterator

import msgspec

from loopwright.core.codec import to_json
from loopwright.llm.provider import HttpAsk


class LocalAsk(msgspec.Struct, frozen=True, kw_only=True):
    """One call.

    Attributes:
        where: What stands in the URL behind the scheme.
        ask: The request, as it would go over HTTP.
        given_up: Whether nobody waits for the answer any more: then there is no need to go on.
    """

    where: str
    ask: HttpAsk
    given_up: Callable[[], bool]


class LocalAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What would have come over HTTP.

    Attributes:
        status: HTTP's.
        media_type: Of the body.
        body: Its bytes; the first of them where `pieces` is set.
        pieces: Further bytes as they come, each read in a thread; None where the body is whole.
    """

    status: int
    media_type: bytes
    body: bytes
    pieces: Iterator[bytes] | None = None


LocalModel = Callable[[LocalAsk], LocalAnswer]


def refused(status: int, why: str) -> LocalAnswer:
    """A refusal, as OpenAI's protocol says it."""
    error = {"error": {"message": why, "type": "invalid_request_error", "param": None, "code": None}}
    return LocalAnswer(status=status, media_type=b"application/json", body=to_json(error))
