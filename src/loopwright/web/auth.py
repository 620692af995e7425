"""Doors: who may call what.

On loopback, predictions and health are open to any program of this machine; everything else needs the home's token. A
browser reaches loopback too, so the Host must be one of ours, an Origin must be our own, and a body must be JSON. On
any other address everything but health needs a key.
"""

import hmac
import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import ForbiddenError, RequestRefusedError, UnauthorisedError, UnsafeDoorError
from loopwright.store.ledger import Ledger

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[^:\[\]\s]+)(?::\d{1,5})?")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})


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


def read_keys(ledger: Ledger) -> frozenset[Digest]:
    """Digests of the keys that `loopwright key new` has made."""
    return frozenset(str(r.data["digest"]) for r in ledger.search("api_key", limit=10_000) if not r.data.get("revoked"))


def check_address(host: str, keys: Iterable[Digest]) -> None:
    """Refuse to listen where others could call without a key.

    Raises:
        UnsafeDoorError: The address is not loopback and there is no key.
    """
    if not is_loopback(host) and not any(True for _ in keys):
        raise UnsafeDoorError(
            f"listening on {host} would let anyone who reaches this machine call it", why="there is no key yet"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The rules of one server.

    Attributes:
        token: The home's token; empty opens to nobody.
        keys: Digests of keys that are as good as the token.
        loopback: Whether the server listens on loopback only.
        hosts: Names, beside loopback's own, that a Host header may have.
    """

    token: str
    keys: frozenset[Digest] = frozenset()
    loopback: bool = True
    hosts: frozenset[str] = frozenset()

    def admit(
        self, method: str, headers: Mapping[str, str], *, open_on_loopback: bool = False, open_to_all: bool = False
    ) -> None:
        """Let a request pass.

        Args:
            method: Its method.
            headers: Its headers by lower-case name.
            open_on_loopback: Whether the path needs no key on loopback.
            open_to_all: Whether it needs none anywhere, as health.

        Raises:
            ForbiddenError: Its Host or Origin is not ours.
            UnauthorisedError: It needs a token or key and has none that is valid.
            RequestRefusedError: It has a body that is not declared as JSON.
        """
        host = headers.get("host", "")
        if self.loopback and _name_of(host) not in _LOOPBACK_NAMES | self.hosts:
            raise ForbiddenError(
                "the Host header is not this server's name", why="another site may have sent a browser here"
            )
        origin = headers.get("origin")
        if origin is not None and origin not in (f"http://{host}", f"https://{host}"):
            raise ForbiddenError(
                "requests from other sites are not taken", why="the Origin header is not this server's"
            )
        keyless = open_to_all or (open_on_loopback and self.loopback)
        if not keyless and not self._has_key(headers):
            raise UnauthorisedError("this needs a valid key", why="Authorization is missing or wrong")
        if method in _BODY_METHODS and not _is_json(headers):
            raise RequestRefusedError(
                "the body is not declared as JSON",
                why="Content-Type must be application/json",
                fix="Send the header `Content-Type: application/json`.",
            )

    def _has_key(self, headers: Mapping[str, str]) -> bool:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not given:
            return False
        secret = given.strip().encode("utf-8", "replace")
        if self.token and hmac.compare_digest(secret, self.token.encode()):
            return True
        return digest_bytes(secret) in self.keys


def _name_of(host: str) -> str:
    """The Host header without its port; empty where it is no name."""
    found = _HOST.fullmatch(host)
    return found["name"].lower() if found else ""


def _is_json(headers: Mapping[str, str]) -> bool:
    """Whether the body is declared as JSON; a program that is no browser (as tritonclient) may leave it undeclared."""
    declared = headers.get("content-type")
    if declared is None:
        return not any(name in headers for name in ("origin", "referer", "sec-fetch-site", "sec-fetch-mode"))
    return declared.partition(";")[0].strip().lower() == "application/json"
