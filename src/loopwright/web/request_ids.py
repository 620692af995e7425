"""Request ids: the caller's own where it is fresh and 128 random bits long, else a new one."""

import re
from collections import OrderedDict

from loopwright.core.ids import IdSource

_FORM = re.compile(r"(?:req_)?[0-9a-f]{32}|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_REMEMBERED = 100_000


class RequestIds:
    """Gives each request its id. One that this process has seen is not fresh: its label would be ambiguous."""

    def __init__(self, ids: IdSource, *, remembered: int = _REMEMBERED) -> None:
        self._ids = ids
        self._remembered = remembered
        self._seen: OrderedDict[str, None] = OrderedDict()

    def of(self, given: str | None) -> str:
        """The request's id: `given` where it may be used, else a new one."""
        if given is None:
            return self._ids("req")
        if given in self._seen or not _FORM.fullmatch(given):
            return self._ids("req")
        self._seen[given] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return given
