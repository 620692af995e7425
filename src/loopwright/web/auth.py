"""Doors: who may call what.

On loopback, predictions and health are open to any program of this machine; everything else needs the home's token. A
browser reaches loopback too, so the Host must be one of ours, an Origin must be our own, and a body must be JSON. On
any other address everything but health needs a key.
"""

import hmac
import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path

from loopwright.core.access import ApiKey, Scope
from loopwright.core.clock import Clock
from loopwright.core.settings import Settings
from loopwright.errors import ForbiddenError, RequestRefusedError, UnauthorisedError, UnsafeDoorError
from loopwright.store.open_stores import Stores
from loopwright.web.errors import rate_headers
from loopwright.web.keyring import Caller, Keyring, Keys, KnownKey, NoKeys
from loopwright.web.rate_limit import RateLimits

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]\s]+)(?::\d{1,5})?")
_MOST_HOSTS = 100
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
JSON_ONLY = frozenset({"application/json"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def read_token(home: Path) -> str:
    """The home's token; a home without one has a door that opens to nobody."""
    try:
        return (home / "token").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def check_address(host: str, keys: Keyring) -> None:
    """Refuse to listen where others could call without a key.

    Raises:
        UnsafeDoorError: The address is not loopback and there is no key that opens anything.
    """
    if not is_loopback(host) and not keys.any_opens():
        raise UnsafeDoorError(
            f"listening on {host} would let anyone who reaches this machine call it", why="there is no key yet"
        )


def open_doors(stores: Stores, settings: Settings, *, host: str, machine: Clock) -> "tuple[Doors, Keyring]":
    """The doors of a server of a home, and the keys that it is to follow.

    Raises:
        UnsafeDoorError: As `check_address`.
    """
    keyring = Keyring(stores.ledger, machine)
    check_address(host, keyring)
    named = settings.text("allowed_hosts").split(",")
    doors = Doors(
        token=read_token(stores.home),
        keys=keyring,
        limits=RateLimits(stores.home / "run" / "limits", machine.monotonic),
        loopback=is_loopback(host),
        hosts=frozenset(name.strip().lower() for name in named if name.strip()),
    )
    return doors, keyring


ANYONE = Caller(name="anyone")
_TOKEN = KnownKey(id="home", key=ApiKey(digest=""), caller=Caller(name="home"))


class Doors:
    """The rules of one server. Used by one thread.

    Args:
        token: The home's token, which opens everything; empty opens to nobody.
        keys: The home's keys, each of which opens what its scopes say.
        limits: Counts how often keys with a rate are used; None: rates are not kept.
        loopback: Whether the server listens on loopback only.
        hosts: Names that a Host header may have beside loopback's own; where none are given, on any other address than
            loopback every name.
    """

    def __init__(
        self,
        *,
        token: str,
        keys: Keys | None = None,
        limits: RateLimits | None = None,
        loopback: bool = True,
        hosts: frozenset[str] = frozenset(),
    ) -> None:
        self._token = token.encode()
        self._keys: Keys = keys or NoKeys()
        self._limits = limits
        self._loopback = loopback
        self._hosts = hosts | _LOOPBACK_NAMES if loopback or hosts else hosts
        self._known_hosts: set[str] = set()

    def admit(
        self,
        method: str,
        headers: Mapping[str, str],
        *,
        scope: Scope = "control",
        open_on_loopback: bool = False,
        open_to_all: bool = False,
        takes: frozenset[str] = JSON_ONLY,
    ) -> Caller:
        """Let a request pass.

        Args:
            method: Its method.
            headers: Its headers by lower-case name.
            scope: What a key must be good for.
            open_on_loopback: Whether the path needs no key on loopback.
            open_to_all: Whether it needs none anywhere, as health.
            takes: Media types of a body, none of which a browser sends to another site without asking that site first.

        Returns:
            Who asks, and headers for the answer.

        Raises:
            ForbiddenError: Its Host or Origin is not ours, or its key is not good for this.
            UnauthorisedError: It needs a token or key and has none that is valid.
            RateLimitedError: Its key has been used too often.
            RequestRefusedError: It has a body that is not declared as one of `takes`.
        """
        host = headers.get("host", "")
        if host not in self._known_hosts and (self._loopback or not open_to_all):
            self._check_host(host)
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise ForbiddenError(
                "requests from other sites are not taken", why="the Origin header is not this server's"
            )
        caller = self.admit_program(headers, scope=scope, open_on_loopback=open_on_loopback, open_to_all=open_to_all)
        if method in _BODY_METHODS and not _is_taken(headers, takes):
            names = " or ".join(sorted(takes))
            raise RequestRefusedError(
                "the body is of a media type that is not taken here", why=f"Content-Type must be {names}",
                fix=f"Send the header `Content-Type: {min(takes)}`.", http_status=415,
            )  # fmt: skip
        return caller

    def admit_program(
        self, headers: Mapping[str, str], *, scope: Scope, open_on_loopback: bool = False, open_to_all: bool = False
    ) -> Caller:
        """Let a request pass that no browser can send, as over gRPC: its key counts, its Host and Origin do not.

        Raises:
            ForbiddenError, UnauthorisedError, RateLimitedError: As `admit`.
        """
        keyless = open_to_all or (open_on_loopback and self._loopback)
        if keyless and "authorization" not in headers:
            return ANYONE
        found = self._caller(headers.get("authorization", ""), scope, keyless=keyless)
        if found is None:
            raise UnauthorisedError("this needs a valid key", why="Authorization is missing or wrong")
        return found

    def _check_host(self, host: str) -> None:
        if self._hosts and _name_of(host) not in self._hosts:
            raise ForbiddenError(
                "the Host header is not this server's name", why="another site may have sent a browser here",
                fix="Call it by a name of its own, or name this one in the setting allowed_hosts.",
            )  # fmt: skip
        if len(self._known_hosts) < _MOST_HOSTS:
            self._known_hosts.add(host)

    def require_key(self, headers: Mapping[str, str], scope: Scope) -> None:
        """Ask a request that was let in without one for a key after all; its rate is not counted again.

        Raises:
            UnauthorisedError, ForbiddenError: As `admit`.
        """
        if self._holder(headers.get("authorization", ""), scope) is None:
            raise UnauthorisedError("this needs a valid key", why="Authorization is missing or wrong")

    def _caller(self, authorization: str, scope: Scope, *, keyless: bool) -> Caller | None:
        """Who asks, with the key's rate counted; where no key is needed, a wrong one is as good as none."""
        known = self._keys.remembered(authorization)
        if known is None or scope not in known.key.scopes:
            try:
                known = self._holder(authorization, scope)
            except ForbiddenError:
                if not keyless:
                    raise
                known = None
            if known is None:
                return ANYONE if keyless else None
        if known.key.rate is None or self._limits is None:
            return known.caller
        taken = self._limits.take(known.id, known.key.rate)
        return Caller(name=known.id, headers=rate_headers(known.key.rate.requests, taken.remaining))

    def _holder(self, authorization: str, scope: Scope) -> KnownKey | None:
        """The key that was sent, where it is good for this; the token counts as one."""
        scheme, _, given = authorization.partition(" ")
        secret = given.strip()
        if scheme.lower() != "bearer" or not secret:
            return None
        if self._token and hmac.compare_digest(secret.encode("utf-8", "replace"), self._token):
            return _TOKEN
        known = self._keys.of(secret)
        if known is not None and scope not in known.key.scopes:
            raise ForbiddenError(
                f"this key is not good for {scope}", why=f"its scopes are {', '.join(known.key.scopes)}",
                fix=f"Make one that is: loopwright key new NAME --scope {scope}",
            )  # fmt: skip
        if known is not None:
            self._keys.remember(authorization, known)
        return known


def _name_of(host: str) -> str:
    """The Host header without its port; empty where it is no name."""
    found = _HOST.fullmatch(host)
    return found["name"].lower() if found else ""


def _is_taken(headers: Mapping[str, str], takes: frozenset[str]) -> bool:
    """Whether the body is declared as taken; a program that is no browser (as tritonclient) may leave it undeclared."""
    declared = headers.get("content-type")
    if declared is None:
        return not any(name in headers for name in ("origin", "referer", "sec-fetch-site", "sec-fetch-mode"))
    return declared.partition(";")[0].strip().lower() in takes
