"""Telling somebody that a job has ended: who may be told, how a message is signed, when it is tried again.

Nobody but this machine is told unless the operator lists a host: a server that posts wherever a caller says reaches
what the caller cannot. Messages are signed as the Standard Webhooks specification 1.0 says.
"""

import base64
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from loopwright.core.clock import SECOND, Micros
from loopwright.errors import ForbiddenError

TIMEOUT_S = 10.0
WAITS_S = (1, 5, 30, 120, 600, 3600, 6 * 3600)
"""How long after a failed attempt the next is made; after the last there is none."""
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_PORTS = {"http": 80, "https": 443}
Resolve = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a message goes: the address that was checked is the one that is called.

    Attributes:
        url: With the address in place of the name.
        host: The Host header.
        name: Who the certificate must name.
    """

    url: str
    host: str
    name: str


def addresses(host: str, port: int) -> tuple[str, ...]:
    """The addresses of a name."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def target(url: str, hosts: frozenset[str], resolve: Resolve = addresses) -> Target:
    """Check where a webhook points.

    Args:
        url: As the caller gave it.
        hosts: Names that the operator lists, as `example.com` or `example.com:8443`; loopback only where it is empty.
        resolve: Gives the addresses of a name.

    Raises:
        ForbiddenError: It is no plain http or https address, or points where messages may not go.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise ForbiddenError("the webhook is no address", why=str(error)) from error
    name = (parts.hostname or "").lower()
    if parts.scheme not in _PORTS or not name or parts.username is not None or parts.password is not None:
        raise ForbiddenError("the webhook is no address", why="it is http:// or https:// and a host, without a user")
    port = port or _PORTS[parts.scheme]
    inside = name in _LOOPBACK
    listed = name in hosts or f"{name}:{port}" in hosts
    if not listed and (hosts or not inside):
        raise ForbiddenError(
            f"messages may not be sent to {name}",
            why=f"the setting webhook_hosts lists {', '.join(sorted(hosts)) or 'nobody: this machine only'}",
            fix="Have the operator add the host to webhook_hosts.",
        )
    found = [ipaddress.ip_address(address.partition("%")[0]) for address in resolve(name, port)]
    wrong = [address for address in found if not _may(address, inside=inside)]
    if wrong or not found:
        raise ForbiddenError(
            f"messages may not be sent to {name}",
            why=f"it is {wrong[0]}, which is no address of another host" if wrong else "the name has no address",
        )
    shown = f"[{found[0]}]" if found[0].version == 6 else str(found[0])
    rest = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    return Target(url=f"{parts.scheme}://{shown}:{port}{rest}", host=parts.netloc, name=name)


def _may(address: ipaddress.IPv4Address | ipaddress.IPv6Address, *, inside: bool) -> bool:
    """A name of this machine means this machine, any other another one; neither means a link's own services."""
    mapped = getattr(address, "ipv4_mapped", None) or address
    if mapped.is_loopback:
        return inside
    odd = mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified or mapped.is_reserved
    return not inside and not odd


def signed(secret: bytes, *, message: str, at: Micros, body: bytes) -> dict[str, str]:
    """The headers of a message.

    Args:
        secret: What both sides know.
        message: The message's id, the same at every attempt.
        at: When it is sent.
        body: What is sent.
    """
    seconds = str(at // SECOND)
    mac = hmac.new(secret, f"{message}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def posted(to: Target, body: bytes, headers: dict[str, str]) -> str:
    """Post a message; returns what went wrong, nothing where it was taken.

    Args:
        to: Checked.
        body: What is sent.
        headers: With the content type and the signature.
    """
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=False, timeout=TIMEOUT_S) as client,
            client.stream(  # the status is all that counts: a body without end would fill the memory
                "POST",
                to.url,
                content=body,
                headers=headers | {"host": to.host},
                extensions={"sni_hostname": to.name},
            ) as answer,
        ):
            return "" if answer.is_success else f"the other side answered {answer.status_code}"
    except httpx.HTTPError as error:
        return str(error) or type(error).__name__


def next_attempt(attempts: int, now: Micros) -> Micros | None:
    """When the next attempt is made after `attempts` failed ones; None: never. Pure."""
    return now + WAITS_S[attempts - 1] * SECOND if attempts <= len(WAITS_S) else None
