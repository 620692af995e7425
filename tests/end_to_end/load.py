"""A steady load on one endpoint, and what became of each request."""

import asyncio
import itertools
import json
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}


@dataclass
class Answer:
    """One answer: when it came (monotonic seconds), what it said."""

    at: float
    status: int
    took_s: float
    said: dict[str, object]


@dataclass
class Load:
    """Asks on several kept-alive connections, each at its pace, until stopped. `lost` are requests without an answer.

    A connection that is refused or closed is opened again at once.
    """

    port: int
    connections: int = 8
    pause_s: float = 0.01
    endpoint: str = "flights"
    record: dict[str, object] = field(default_factory=lambda: dict(EXAMPLE))
    key: str = "flight_id"
    answers: list[Answer] = field(default_factory=list)
    lost: list[tuple[float, str]] = field(default_factory=list)
    refused: int = 0
    opened: int = 0

    def __enter__(self) -> "Load":
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join(timeout=60)

    @property
    def statuses(self) -> Counter[int]:
        return Counter(answer.status for answer in self.answers)

    @property
    def ids(self) -> set[object]:
        """Ids of the requests that were answered with a prediction."""
        return {answer.said["request_id"] for answer in self.answers if answer.status == 200}

    def longest_gap_s(self) -> float:
        """The longest time without any answer."""
        times = [answer.at for answer in self.answers]
        return max((after - before for before, after in itertools.pairwise(times)), default=0.0)

    async def _all(self) -> None:
        await asyncio.gather(*(self._one(number) for number in range(self.connections)))

    async def _one(self, number: int) -> None:
        count = 0
        while not self._stop.is_set():
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                self.refused += 1
                await asyncio.sleep(0.02)
                continue
            self.opened += 1
            try:
                while not self._stop.is_set():
                    count += 1
                    if not await self._ask(reader, writer, f"k{number}-{count}"):
                        break
                    await asyncio.sleep(self.pause_s)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.lost.append((time.monotonic(), repr(error)))
            finally:
                writer.close()

    async def _ask(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, key: str) -> bool:
        body = json.dumps(self.record | {self.key: key}).encode()
        head = (
            f"POST /predict/{self.endpoint} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n"
            f"content-length: {len(body)}\r\n\r\n"
        )
        began = time.monotonic()
        writer.write(head.encode() + body)
        said = await reader.readuntil(b"\r\n\r\n")
        status = int(said.split(b" ", 2)[1])
        fields = dict(line.lower().split(b": ", 1) for line in said.split(b"\r\n")[1:] if b": " in line)
        content = await reader.readexactly(int(fields[b"content-length"]))
        now = time.monotonic()
        self.answers.append(Answer(now, status, now - began, json.loads(content)))
        return fields.get(b"connection") != b"close"
