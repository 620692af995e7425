"""What the control port's routes have in common: who asks, a body that was checked, an answer as JSON."""

from typing import Any, TypeVar

import msgspec
from fastapi import Request, Response

from loopwright.core.codec import to_json
from loopwright.errors import RequestRefusedError

Body = TypeVar("Body")


def caller_of(request: Request) -> str:
    """Who asks, as the door let it in."""
    return f"key:{getattr(request.state, 'caller', 'unknown')}"


def answer(value: Any, *, status: int = 200) -> Response:
    """The value as JSON."""
    return Response(to_json(value), media_type="application/json", status_code=status)


def decoded(body: bytes, into: type[Body]) -> Body:
    """The body, checked; an empty one is an empty object.

    Raises:
        RequestRefusedError: It is not that; the field is named.
    """
    try:
        return msgspec.json.decode(body or b"{}", type=into)
    except msgspec.MsgspecError as error:
        raise RequestRefusedError(
            "the body is not what this path takes",
            why=str(error),
            fix="Correct the field that is named, and send again.",
        ) from error
