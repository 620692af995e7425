"""Where a base URL leads: the server to connect to, and what its requests begin with."""

from urllib.parse import urlsplit

import msgspec

from loopwright.errors import UsageError


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """A server.

    Attributes:
        host: Name or address, as a socket takes it.
        port: Its port.
        tls: Whether the connection is encrypted and the server's certificate checked.
        label: `https://HOST:PORT`, as messages name it.
        authority: The header `host`.
        prefix: The path of the base URL, without a slash at its end.
    """

    host: str
    port: int
    tls: bool
    label: str
    authority: str
    prefix: str


def origin_of(url: str) -> Origin:
    """Read a base URL.

    Raises:
        UsageError: It is no address of a server, or holds a name and password.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        host.encode("idna")
    except ValueError as error:
        raise _wrong("a url of an upstream cannot be read", str(error)) from error
    if parts.scheme not in {"http", "https"} or not host:
        raise _wrong(f"the url {url!r} leads to no server", "it begins with http(s):// and a host")
    if parts.username is not None or parts.password is not None:
        raise _wrong(f"the url of {host!r} holds a name or a password", "keys are never written down")
    if parts.query or parts.fragment or not url.isascii() or any(sign <= " " for sign in url):
        raise _wrong(f"the url {url!r} is no base URL", "it has a query, a fragment, or signs that a URL has not")
    tls = parts.scheme == "https"
    standard = 443 if tls else 80
    name = f"[{host}]" if ":" in host else host
    port = standard if port is None else port
    authority = name if port == standard else f"{name}:{port}"
    return Origin(
        host=host, port=port, tls=tls, label=f"{parts.scheme}://{name}:{port}", authority=authority,
        prefix=parts.path.rstrip("/"),
    )  # fmt: skip


def _wrong(what: str, why: str) -> UsageError:
    return UsageError(what, why=why, fix="Write the upstream's url as `https://HOST/v1`.")
