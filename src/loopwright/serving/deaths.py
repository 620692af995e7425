"""How often a champion took its worker down, and from when on it is not started any more.

The supervisor writes each death down in a file below `run/`; a worker reads it before it loads a champion.
"""

import contextlib
from collections.abc import Iterable
from pathlib import Path

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.core.hashing import Digest

_FILE = "deaths.jsonl"
_KEPT = 50


class Death(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a worker that a champion is held responsible for.

    Attributes:
        at: The machine's time.
        endpoint: Whose champion.
        version: The champion.
        how: In words, as `signal 11`.
    """

    at: Micros
    endpoint: str
    version: Digest
    how: str


class DeathRule(msgspec.Struct, frozen=True, kw_only=True):
    """How many deaths within how many seconds are too many."""

    most: int = 3
    within_s: float = 60.0


def too_many(deaths: Iterable[Death], endpoint: str, version: Digest, *, now: Micros, rule: DeathRule) -> str:
    """Why a champion must not be started again, in words; empty where it may be.

    Args:
        deaths: All that are known, in any order.
        endpoint: Whose champion.
        version: The champion.
        now: The machine's time.
        rule: What is too many.
    """
    since = now - int(rule.within_s * SECOND)
    found = [d for d in deaths if d.endpoint == endpoint and d.version == version and since <= d.at <= now]
    if len(found) < rule.most:
        return ""
    ways = ", ".join(sorted({death.how for death in found}))
    return f"it took its worker down {len(found)} times within {rule.within_s:g} s ({ways})"


def read_deaths(run: Path) -> list[Death]:
    """The deaths that are written down; a line that cannot be read is none."""
    made: list[Death] = []
    with contextlib.suppress(OSError):
        for line in (run / _FILE).read_bytes().splitlines():
            with contextlib.suppress(msgspec.MsgspecError):
                made.append(msgspec.json.decode(line, type=Death))
    return made


def note_deaths(run: Path, deaths: Iterable[Death]) -> None:
    """Write deaths down beside the latest ones before them. Only one process, the supervisor, may call this."""
    kept = [*read_deaths(run), *deaths][-_KEPT:]
    scratch = run / f"{_FILE}.new"
    scratch.write_bytes(b"".join(msgspec.json.encode(death) + b"\n" for death in kept))
    scratch.replace(run / _FILE)
