"""Schemes of URLs that are answered in this process: `builtin:…`, and those that installed packages bring."""

from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points

BUILTIN = "builtin"
"""The scheme of the model that comes with the package."""
GROUP = "loopwright.local_upstreams"
"""Entry points by scheme; each names a `local_upstream.LocalModel`."""
NETWORK = ("http://", "https://")


def local_scheme(url: str) -> str:
    """The scheme of a URL that is answered in this process, as `transformers`; empty for any other URL."""
    if url.startswith(NETWORK):
        return ""
    scheme, colon, rest = url.partition(":")
    if not colon or not rest:
        return ""
    return scheme if scheme == BUILTIN or scheme in plug_ins() else ""


@lru_cache(maxsize=1)
def plug_ins() -> dict[str, EntryPoint]:
    """Every installed package's, by scheme."""
    return {point.name: point for point in entry_points(group=GROUP)}
