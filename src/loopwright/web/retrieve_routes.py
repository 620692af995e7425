"""`POST /retrieve`: passages of an index for a question, as an application's prompt would be given them."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from loopwright.core.codec import to_json
from loopwright.errors import NotFoundError, OverloadedError, RequestRefusedError, UsageError
from loopwright.llm.retrieval.narrowed import Narrowed
from loopwright.llm.retrieval.version import LONGEST_QUESTION, IndexVersion
from loopwright.llm.retriever import Passage, Retriever
from loopwright.web.auth import ANYONE, Doors
from loopwright.web.encodings import read_body
from loopwright.web.http import Request, Response

PATH = "/retrieve"
MOST_PASSAGES = 100
_AT_ONCE = 64
GroupsOf = Callable[[str], tuple[str, ...]]
"""The groups that a caller, by the id of its key, belongs to."""


class RetrieveBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is asked.

    Attributes:
        question: Text.
        index: The index, whose champion answers.
        endpoint: In its place: the endpoint of an application, whose champion's index answers.
        limit: Passages at most.
        where: Values that the metadata must have.
        reader: In place of the caller's own groups, for a key that may do everything.
    """

    question: str
    index: str | None = None
    endpoint: str | None = None
    limit: int = 5
    where: dict[str, Any] = {}
    reader: list[str] | None = None


class RetrieveRoutes:
    """Answers at one port. Lives on one event loop; searches run beside it.

    Args:
        by_index: The champion of an index, asked in a thread. Raises NotFoundError.
        by_endpoint: What an endpoint's application reads, asked on the loop. Raises NotFoundError.
        doors: Who may ask.
        groups_of: Whose groups decide what is found. By default nobody is in any.
        most_bytes: The largest body that is read.
    """

    def __init__(
        self,
        by_index: Callable[[str], Retriever],
        *,
        doors: Doors,
        most_bytes: int,
        by_endpoint: Callable[[str], Retriever] | None = None,
        groups_of: GroupsOf | None = None,
    ) -> None:
        self._by_index = by_index
        self._by_endpoint = by_endpoint or _no_endpoint
        self._doors = doors
        self._groups_of = groups_of or _no_groups
        self._most_bytes = most_bytes
        self._under_way = 0

    def extra(self) -> dict[str, Callable[[Request], Any]]:
        """What is answered, by path, as a server's `extra` takes it: the doors are asked here."""
        return {PATH: self.answer}

    async def answer(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            ForbiddenError, UnauthorisedError, RateLimitedError: As the doors say. Groups in the body take a key that
                may do everything, and an index whose embedder is an upstream takes a key also on loopback.
            UsageError: It is no POST (405).
            RequestRefusedError: A field is wrong.
            NotFoundError: There is no such index.
            OverloadedError: Too many searches are under way.
        """
        caller = self._doors.admit(request.method, request.headers, scope="predict", open_on_loopback=True)
        if request.method != "POST":
            raise UsageError(
                f"{request.method[:20]} is not answered here", why="answered are: POST", fix="Send POST.",
                http_status=405, allow="POST",
            )  # fmt: skip
        body = _read(await read_body(request, self._most_bytes))
        if body.reader is not None:
            self._doors.require_key(request.headers, "control")
        groups = self._groups_of(caller.name) if body.reader is None else tuple(body.reader)
        if self._under_way >= _AT_ONCE:
            raise OverloadedError("too many searches are under way", why=f"the limit is {_AT_ONCE}")
        self._under_way += 1
        try:
            retriever = await self._retriever(body)
            if caller is ANYONE and _asks_upstream(retriever):
                self._doors.require_key(request.headers, "predict")
            passages = await asyncio.to_thread(_search, retriever, body, groups)
        finally:
            self._under_way -= 1
        return Response(body=to_json({"version": retriever.digest, "passages": passages}), headers=caller.headers)

    async def _retriever(self, body: RetrieveBody) -> Retriever:
        if body.endpoint is not None:
            return self._by_endpoint(body.endpoint)
        return await asyncio.to_thread(self._by_index, body.index or "")


def _read(data: bytes) -> RetrieveBody:
    try:
        body = msgspec.json.decode(data, type=RetrieveBody)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise RequestRefusedError("the body is no question to an index", why=str(error), fix=_FIX) from error
    if (body.index is None) == (body.endpoint is None):
        raise RequestRefusedError("the body names neither an index nor an endpoint, or both", fix=_FIX)
    if not body.question.strip() or len(body.question) > LONGEST_QUESTION:
        why = f"it has 1 to {LONGEST_QUESTION:,} characters"
        raise RequestRefusedError("the question is empty or too long", why=why, fix="Send another question.")
    if not 1 <= body.limit <= MOST_PASSAGES:
        why = f"it is from 1 to {MOST_PASSAGES}"
        raise RequestRefusedError(f"the limit is {body.limit}", why=why, fix="Send another limit.")
    return body


_FIX = 'Send {"index": "docs", "question": "…", "limit": 5}.'


def _search(retriever: Retriever, body: RetrieveBody, groups: tuple[str, ...]) -> tuple[Passage, ...]:
    return retriever.search(body.question, limit=body.limit, where=body.where or None, reader=groups)


def _asks_upstream(retriever: Retriever) -> bool:
    """Whether a question costs a call of an upstream, which may cost money."""
    if isinstance(retriever, Narrowed):
        retriever = retriever.whole
    return isinstance(retriever, IndexVersion) and retriever.manifest.making.embedder.upstream is not None


def _no_endpoint(name: str) -> Retriever:
    raise NotFoundError(f"there is no application {name[:100]!r} that reads an index", fix="Name an index instead.")


def _no_groups(_name: str) -> tuple[str, ...]:
    return ()
