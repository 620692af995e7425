"""The URL of a vector store, checked without opening one."""

import re

from loopwright.errors import UsageError

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):(.+)")
_SECRET = re.compile(r"//[^/@]*:[^/@]*@")


def check_url(url: str) -> str:
    """The URL's scheme.

    Raises:
        UsageError: It has none, or holds a secret, which a version would keep.
    """
    found = _SCHEME.fullmatch(url)
    if found is None:
        raise UsageError(
            f"{url[:80]!r} names no vector store", why="it is a URL, as file:vectors or qdrant://host:6333"
        )
    if _SECRET.search(url):
        raise UsageError(
            "the URL of a vector store holds a secret", why="a version keeps the URL",
            fix="Leave it out, and give it to the store as its package says, as by a variable of the environment.",
        )  # fmt: skip
    return found[1]
