"""Key-value stores that several homes may reach, by URL."""

from collections.abc import Mapping
from importlib import import_module

from loopwright.core.clock import Clock
from loopwright.errors import SettingError
from loopwright.store.kv import KeyValues
from loopwright.store.resting_kv import RestingKeyValues

_REDIS = "loopwright.integrations.redis_kv"
_SCHEMES = {"redis": _REDIS, "rediss": _REDIS}
_REFERENCE = "env:"


def open_shared(url: str, *, setting: str, home: str, clock: Clock, environment: Mapping[str, str]) -> KeyValues:
    """Open the store behind a URL, without connecting to it. Where it is away, calls fail at once after the first.

    Args:
        url: `redis://…` or `rediss://…`; or `env:NAME`, as it may hold a password.
        setting: Names what the URL is for, in errors; they never show the URL.
        home: The home's id: each home has its own keys.
        clock: Expiries go by its `now()`, rests by its `monotonic()`.
        environment: The process's.

    Raises:
        SettingError: It is no such URL, or its variable is not set.
        MissingExtraError: Its library is not installed.
    """
    if url.startswith(_REFERENCE):
        name = url.removeprefix(_REFERENCE)
        url = environment.get(name, "")
        if not url:
            raise SettingError(f"{setting} is env:{name}, and that variable is not set", fix=f"Set {name}.")
    module = _SCHEMES.get(url.partition("://")[0])
    if module is None:
        raise SettingError(
            f"{setting} names no store", why=f"it begins with {', '.join(f'{one}://' for one in sorted(_SCHEMES))}"
        )
    # Reached by name: what needs an optional library is no import of ours.
    opened = import_module(module).opened
    # In braces: a cluster keeps what they name in one place.
    inner: KeyValues = opened(url, prefix=f"loopwright:{{{home}}}:", clock=clock)
    return RestingKeyValues(inner, machine=clock)
