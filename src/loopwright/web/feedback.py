"""`POST /feedback` at the inference port: kept by the worker itself, so that it needs no other process."""

import asyncio
from collections import Counter
from threading import Lock

from loopwright.core.clock import Clock
from loopwright.core.codec import to_json
from loopwright.errors import NotFoundError, UsageError
from loopwright.observations.feedback import FeedbackBody, counts_of, keep_feedback, label_rows, landed, read_feedback
from loopwright.store.open_stores import Stores
from loopwright.web.auth import Doors
from loopwright.web.http import Request, Response

ANNOUNCED_EVERY_S = 1.0


class FeedbackTaker:
    """Takes feedback in a thread beside the requests; the journal hears of it once a second, not once a request.

    Args:
        stores: Where it is kept.
        doors: Who may send it.
        clock: The workspace's.
        namespace: Of the endpoints' refs.
        actor: Who the journal says took it.
        most_bytes: The largest body that is read.
    """

    def __init__(
        self, stores: Stores, *, doors: Doors, clock: Clock, namespace: str, actor: str, most_bytes: int
    ) -> None:
        self._stores = stores
        self._doors = doors
        self._clock = clock
        self._namespace = namespace
        self._actor = actor
        self._most_bytes = most_bytes
        self._counts: dict[str, Counter[str]] = {}
        self._lock = Lock()

    async def take(self, request: Request) -> Response:
        """Answer one request, after its door: on loopback whoever knows a request's id may speak of that request.

        Raises:
            ForbiddenError, UnauthorisedError, RateLimitedError: As the doors say; what is named by key takes a key.
            UsageError: It is no POST (405).
            NotFoundError: There is no such endpoint.
            RequestRefusedError: A field is wrong; nothing was kept.
        """
        caller = self._doors.admit(request.method, request.headers, scope="feedback", open_on_loopback=True)
        if request.method != "POST":
            raise UsageError(
                f"{request.method[:20]} is not answered here", why="answered are: POST", fix="Send POST.",
                http_status=405, allow="POST",
            )  # fmt: skip
        body = read_feedback(await request.body(self._most_bytes))
        if any(one.request_id is None for one in body.labels):
            self._doors.require_key(request.headers, "feedback")
        kept = await asyncio.to_thread(self._keep, body, request.headers.get("idempotency-key"))
        return Response(body=to_json({"labels": kept}), headers=caller.headers)

    async def announce(self) -> None:
        """Tell the journal what has come in, once a second, until cancelled."""
        while True:
            await asyncio.sleep(ANNOUNCED_EVERY_S)
            await asyncio.to_thread(self.announce_now)

    def announce_now(self) -> None:
        """Tell the journal what has come in since it was told last."""
        with self._lock:
            counts, self._counts = self._counts, {}
        now = self._clock.now()
        events = [
            event
            for endpoint, counted in counts.items()
            for event in landed(endpoint, counted, now=now, actor=self._actor)
        ]
        if events:
            self._stores.ledger.commit(events=events, durability="normal")

    def _keep(self, body: FeedbackBody, idempotency_key: str | None) -> int:
        endpoint, stores = body.endpoint, self._stores
        if stores.ledger.ref(f"{self._namespace}/endpoint/{endpoint}@arms") is None:
            raise NotFoundError(
                f"there is no endpoint {endpoint[:100]!r}", fix="GET /health/ready names the endpoints."
            )
        now = self._clock.now()
        rows = label_rows(endpoint, body.labels, now=now)
        if keep_feedback(stores.tables, stores.kv, rows, idempotency_key=idempotency_key, now=now):
            with self._lock:
                self._counts.setdefault(endpoint, Counter()).update(counts_of(rows))
        return len(rows)
