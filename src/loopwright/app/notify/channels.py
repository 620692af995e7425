"""Over which channels people are told, as the settings say. A channel names where its secret is, never the secret."""

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from loopwright.core.reference import read_reference
from loopwright.core.settings import Settings
from loopwright.errors import SettingError

Kind = Literal["apprise", "webhook", "cloudevents"]
_SETTINGS: dict[Kind, str] = {
    "apprise": "notify_apprise",
    "webhook": "notify_webhooks",
    "cloudevents": "notify_cloudevents",
}
_PLAIN = ("http://", "https://")
_REFUSED = "(an address instead of a reference)"


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver.

    Attributes:
        kind: How it is spoken to.
        to: A reference to its address, as `env:SLACK`; for webhooks also the address itself.
    """

    kind: Kind
    to: str

    @property
    def name(self) -> str:
        """As it is shown: an address without its path, which may be a secret."""
        return f"{self.kind} {self.shown.to}"

    @property
    def shown(self) -> "Channel":
        """The same with no more of an address than its host."""
        if not self.to.startswith(_PLAIN):
            return self
        parts = urlsplit(self.to)
        return Channel(kind=self.kind, to=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")

    @property
    def setting(self) -> str:
        """Where it is declared."""
        return _SETTINGS[self.kind]


def channels(settings: Settings) -> tuple[Channel, ...]:
    """Every channel that the settings name, each once."""
    found = [
        Channel(kind=kind, to=_unless_secret(kind, part.strip()))
        for kind, setting in _SETTINGS.items()
        for part in settings.text(setting).split(",")
        if part.strip()
    ]
    return tuple(dict.fromkeys(found))


def address_of(channel: Channel, base: Path) -> str:
    """The receiver's address, read now.

    Raises:
        SettingError: The reference leads nowhere, or to more than one address, or an Apprise address is no reference.
    """
    if channel.kind != "apprise" and channel.to.startswith(_PLAIN):
        return channel.to
    if channel.to == _REFUSED:
        raise SettingError(
            f"{channel.setting} holds an address, where it names a file or env:NAME",
            why="such an address holds a secret, and settings are shown",
            fix="Put the address into a variable or a file, and name that.",
        )
    read = read_reference(channel.to, setting=channel.setting, base=base).decode().split()
    if len(read) != 1:
        raise SettingError(
            f"{channel.setting} refers to {channel.to}, which holds {len(read)} addresses",
            fix="Keep one address in each file or variable.",
        )
    return read[0]


def _unless_secret(kind: Kind, part: str) -> str:
    """An Apprise address holds a secret: where a setting holds one, it goes no further than here."""
    return _REFUSED if kind == "apprise" and "://" in part else part
