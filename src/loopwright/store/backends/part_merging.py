"""Which sealed parts of a table are merged, so that looking back does not cost more with every sealing. Pure.

Parts of about the same size that lie side by side are merged once there are enough of them, as in a log-structured
merge tree: each row is rewritten about once for every sixteenfold growth of its part.
"""

from collections.abc import Sequence
from math import log

from loopwright.core.clock import SECOND, Micros
from loopwright.store.ledger import Record

MERGED_AT_ONCE = 32
"""Parts of one size that become one."""
LEFT_ALONE = 16
"""The newest sealed parts stay as they are: a scan that began before their sealing knows their rows by their segments'
names, which a merged part does not have."""
_GROWTH = 16
_MOST_ROWS = 1_000_000
_MOST_SPAN: Micros = 86_400 * SECOND
"""A part is dropped as a whole when its last row is old enough; none holds rows of more than about a day."""


def mergeable(parts: Sequence[Record]) -> list[tuple[Record, ...]]:
    """Groups of parts to be merged into one each; the parts of a group may still differ in their columns.

    Args:
        parts: The sealed parts of a table, in the order in which they were sealed.
    """
    fresh = {part.id for part in [part for part in parts if part.data["sources"]][-LEFT_ALONE:]}
    settled = [part for part in parts if part.id not in fresh]
    settled.sort(key=lambda part: (part.data["first_at"], part.id))
    by_size: dict[int, list[Record]] = {}
    for part in settled:
        if part.data["rows"] < _MOST_ROWS:
            by_size.setdefault(int(log(max(part.data["rows"], 1), _GROWTH)), []).append(part)
    return [group for _, alike in sorted(by_size.items()) for group in _groups(alike)]


def _groups(parts: Sequence[Record]) -> list[tuple[Record, ...]]:
    found, group = [], list[Record]()
    for part in parts:
        if group and part.data["last_at"] - group[0].data["first_at"] > _MOST_SPAN:
            group = []
        group.append(part)
        if len(group) == MERGED_AT_ONCE:
            found.append(tuple(group))
            group = []
    return found
