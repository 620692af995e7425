"""`POST /v1/traces`: spans as any OpenTelemetry exporter sends them over HTTP, kept in the home."""

import asyncio

from loopwright.errors import RequestRefusedError, UsageError
from loopwright.llm.spans import SpanLog
from loopwright.llm.tracing.otlp import JSON, PROTOBUF, empty_answer, read_spans, unpacked
from loopwright.web.auth import Doors
from loopwright.web.http import Request, Response

PATH = "/v1/traces"
_TAKEN = frozenset({JSON, PROTOBUF})


class SpanIntake:
    """Takes spans in a thread beside the requests.

    Args:
        log: Where they are kept.
        doors: Who may send them: a key of scope `feedback`, or anybody on the machine itself.
        most_bytes: The largest body, packed and unpacked.
    """

    def __init__(self, log: SpanLog, *, doors: Doors, most_bytes: int) -> None:
        self._log = log
        self._doors = doors
        self._most_bytes = most_bytes

    async def take(self, request: Request) -> Response:
        """Answer one export, once its spans survive a kill of the process.

        Raises:
            ForbiddenError, UnauthorisedError, RateLimitedError: As the doors say.
            UsageError: It is no POST (405).
            RequestRefusedError: It is no export request; none of its spans was kept.
            MissingExtraError: It is protobuf, and its library is not installed.
            PayloadTooLargeError, NoSpaceError, NoPermissionError: As they say.
        """
        caller = self._doors.admit(
            request.method, request.headers, scope="feedback", open_on_loopback=True, takes=_TAKEN
        )
        if request.method != "POST":
            raise UsageError(
                f"{request.method[:20]} is not answered here", why="answered are: POST", fix="Send POST.",
                http_status=405, allow="POST",
            )  # fmt: skip
        body = await request.body(self._most_bytes)
        media_type = request.headers.get("content-type", PROTOBUF).partition(";")[0].strip().lower()
        if media_type not in _TAKEN:
            raise RequestRefusedError(f"spans are not taken as {media_type[:60]!r}", http_status=415)
        await asyncio.to_thread(self._keep, body, request.headers.get("content-encoding", ""), media_type)
        return Response(
            body=empty_answer(media_type), content_type=media_type.encode("latin-1"), headers=caller.headers
        )

    def _keep(self, body: bytes, encoding: str, media_type: str) -> None:
        spans = read_spans(unpacked(body, encoding.lower(), most=self._most_bytes), media_type)
        if spans:
            self._log.append(spans)
