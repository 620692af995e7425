"""TLS, and mutual TLS, by settings; a renewed certificate is shown without a restart."""

import asyncio
import logging
import os
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from loopwright.core.reference import read_reference
from loopwright.core.settings import Settings
from loopwright.errors import SettingError

_LOOK_S = 1.0
_LOG = logging.getLogger("loopwright.tls")


class Certificates(msgspec.Struct, frozen=True, kw_only=True):
    """What a server shows and asks for, as PEM. It never prints.

    Attributes:
        chain: The server's certificate, and those between it and its root.
        key: Its private key.
        client_ca: Who must have signed a client's certificate; None: clients need none.
    """

    chain: bytes
    key: bytes
    client_ca: bytes | None = None

    def __repr__(self) -> str:
        return "Certificates(…)"


def certificates(settings: Settings, *, base: Path) -> Certificates | None:
    """What the settings tls_certificate, tls_key and tls_client_ca refer to; None where they are empty.

    Args:
        settings: The settings.
        base: The project's folder, which relative paths are relative to.

    Raises:
        SettingError: One of a certificate and its key is missing, or one of them cannot be read.
    """
    named = {name: settings.text(name) for name in ("tls_certificate", "tls_key", "tls_client_ca")}
    if not any(named.values()):
        return None
    for name in ("tls_certificate", "tls_key"):
        if not named[name]:
            raise SettingError(f"{name} is empty", why="TLS needs tls_certificate and tls_key", fix=f"Set {name}.")
    read = {name: read_reference(value, setting=name, base=base) for name, value in named.items() if value}
    return Certificates(chain=read["tls_certificate"], key=read["tls_key"], client_ca=read.get("tls_client_ca"))


def server_context(given: Certificates) -> ssl.SSLContext:
    """A context for servers: TLS 1.2 or newer, and clients' certificates where a CA is named.

    Raises:
        SettingError: They are no certificate and key that belong together.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        _load(context, given)
        if given.client_ca is not None:
            context.load_verify_locations(cadata=given.client_ca.decode())
            context.verify_mode = ssl.CERT_REQUIRED
    except (ssl.SSLError, ValueError, OSError) as error:
        raise SettingError(
            "the TLS certificate and key cannot be used", why=str(error),
            fix="Name PEM files: a certificate (chain), its own key without a password, and the CA of clients.",
        ) from error  # fmt: skip
    return context


class ServerTls:
    """What a server shows, kept up with what its settings refer to. Used on the server's event loop.

    A certificate and key that have changed are shown to every connection from then on, and no connection ends for it.
    A pair that cannot be used, as one that is only half replaced, is logged, and the one before goes on. The CA of
    clients is read once: who may come in changes with a restart only.

    Attributes:
        context: For the server's sockets; it stays the same object.
        shown: What it shows now.

    Raises:
        SettingError: As `server_context`.
    """

    def __init__(self, given: Certificates, read: Callable[[], Certificates | None]) -> None:
        self.context = server_context(given)
        self.shown = given
        self._read = read
        self._said = ""

    async def follow(self) -> None:
        """Look once a second, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_S)
            await self.look()

    async def look(self) -> None:
        """Read again, and show what has changed."""
        try:
            read = await asyncio.to_thread(self._read)
            if read is None or (read.chain, read.key) == (self.shown.chain, self.shown.key):
                return
            given = msgspec.structs.replace(read, client_ca=self.shown.client_ca)
            server_context(given)  # the live one is changed by a pair that fits only
        except SettingError as error:
            if str(error) != self._said:
                _LOG.warning("the renewed certificate is not shown: %s (%s)", error.what, error.why)
            self._said = str(error)
            return
        _load(self.context, given)
        self.shown, self._said = given, ""
        _LOG.warning("a renewed certificate is shown from now on")


def server_tls(settings: Settings, *, base: Path) -> ServerTls | None:
    """A server's TLS by its settings, None where they name no certificate; as `certificates`."""
    given = certificates(settings, base=base)
    return None if given is None else ServerTls(given, lambda: certificates(settings, base=base))


def _load(context: ssl.SSLContext, given: Certificates) -> None:
    with _file(given.chain) as chain, _file(given.key) as key:
        # An empty password, since a key that asks for one would have the server wait at a terminal.
        context.load_cert_chain(chain, key, password="")


@contextmanager
def _file(content: bytes) -> Iterator[str]:
    """The content as a path, which the library needs, without a file on any disk."""
    file = os.memfd_create("loopwright-tls")
    try:
        os.write(file, content)
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
