"""What an API key may do, and how often: the form in which the ledger keeps it."""

import re
from collections.abc import Iterable
from typing import Any, Literal, get_args

import msgspec

from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.errors import UsageError

Scope = Literal["predict", "feedback", "metrics", "control"]
"""predict: ask endpoints. feedback: send labels and rewards. metrics: read figures. control: everything else."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
KIND = "api_key"
KEYRING_KIND = "keyring"
KEYRING_ID = "keys"
_RATE = re.compile(r"(?P<requests>[1-9]\d{0,8})/(?P<unit>[smh])")
_UNIT_S = {"s": 1.0, "m": 60.0, "h": 3600.0}


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """So many requests, or tokens, in a period, in seconds; as many may come at once."""

    requests: int
    period_s: float

    @classmethod
    def parse(cls, text: str) -> "Rate":
        """Read `100/s`, `600/m` or `5000/h`.

        Raises:
            UsageError: It is none of these.
        """
        found = _RATE.fullmatch(text)
        if found is None:
            raise UsageError(f"{text!r} is not a rate", fix="Write how many a second, minute or hour, as 100/s.")
        return cls(requests=int(found["requests"]), period_s=_UNIT_S[found["unit"]])

    def __str__(self) -> str:
        unit = {seconds: unit for unit, seconds in _UNIT_S.items()}.get(self.period_s, f"{self.period_s:g}s")
        return f"{self.requests}/{unit}"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is kept: its secret's digest, never the secret.

    Attributes:
        digest: The secret's.
        name: Who uses it.
        scopes: What it opens; a key that was made before there were scopes opens everything.
        rate: How often it may be used; None: as often as one likes.
        tokens: How many tokens of language models it may use; None: as many as one likes.
        team: Whose it is, for budgets and reports; empty where nobody said.
        expires_at: From when on it opens nothing, by the machine's clock.
        revoked: Whether it was taken back.
    """

    digest: Digest
    name: str = ""
    scopes: tuple[Scope, ...] = SCOPES
    rate: Rate | None = None
    tokens: Rate | None = None
    team: str = ""
    expires_at: Micros | None = None
    revoked: bool = False

    @classmethod
    def of(cls, data: dict[str, Any]) -> "ApiKey":
        """Read a record's data."""
        return msgspec.convert(data, cls)

    def opens(self, now: Micros) -> bool:
        """Whether it is good for anything at an instant."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)


def parse_scopes(text: str) -> tuple[Scope, ...]:
    """Read `predict,feedback`.

    Raises:
        UsageError: One of them is no scope, or there is none.
    """
    named = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(named) - set(SCOPES))
    if unknown or not named:
        raise UsageError(f"{text!r} does not name scopes", why=f"there are: {', '.join(SCOPES)}")
    return in_order(named)


def in_order(named: Iterable[str]) -> tuple[Scope, ...]:
    """Scopes once each, in the order of `SCOPES`."""
    wanted = set(named)
    return tuple(scope for scope in SCOPES if scope in wanted)
