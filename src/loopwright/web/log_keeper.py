"""The request log of one worker: its policy, and what is said of rows that a full disk kept out of it."""

import asyncio
from typing import Any

from loopwright.core.clock import Clock
from loopwright.core.events import EventDraft
from loopwright.core.settings import Settings
from loopwright.observations.log_policy import LogPolicy, Losses, policed
from loopwright.observations.request_log import TABLE, RequestLog
from loopwright.store.open_stores import Stores
from loopwright.web.auth import read_token

TOLD_EVERY_S = 60.0
_LOOK_S = 1.0


class LogKeeper:
    """Makes the sink of a worker's endpoints, and tells the journal of losses: at once, then once a minute.

    Args:
        stores: Where rows go.
        settings: log_sample, request_log_redact, request_log_full.
        clock: Dates the events.
        worker: Who the journal says lost them.

    Raises:
        SettingError: As `LogPolicy.parse`.
    """

    def __init__(self, stores: Stores, settings: Settings, *, clock: Clock, worker: str) -> None:
        policy = LogPolicy.parse(
            sample=settings.number("log_sample"),
            redact=settings.text("request_log_redact"),
            full=settings.text("request_log_full"),
        )
        self.losses = Losses()
        secret = read_token(stores.home).encode()
        self.sink = policed(RequestLog(stores.tables), policy, secret=secret, losses=self.losses)
        self._stores = stores
        self._clock = clock
        self._worker = worker
        self._told = 0

    def degraded(self) -> dict[str, Any]:
        """What readiness says while rows are being lost; empty where none are."""
        if not self.losses.losing:
            return {}
        return {"request_log": {"dropped_rows": self.losses.rows, "why": "the disk is full"}}

    async def run(self) -> None:
        """Tell the journal of losses until cancelled; where the journal is full too, once there is room."""
        while True:
            while self.losses.rows == self._told:
                await asyncio.sleep(_LOOK_S)
            await asyncio.to_thread(self.tell)
            await asyncio.sleep(TOLD_EVERY_S)

    def tell(self) -> None:
        """Tell the journal of what was lost since it was told last."""
        rows = self.losses.rows
        if rows == self._told:
            return
        draft = EventDraft(
            kind="request_log_dropped", subject=f"table:{TABLE}", data={"rows": rows - self._told},
            actor=f"worker:{self._worker}", logical_at=self._clock.now(),
        )  # fmt: skip
        self._stores.ledger.commit(events=[draft], durability="normal")
        self._told = rows
