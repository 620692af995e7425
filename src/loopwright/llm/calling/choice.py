"""Which upstream is asked first."""

import math
from collections.abc import Sequence

from blake3 import blake3

from loopwright.llm.route import Upstream

_POINTS = float(1 << 64)


def by_lot(upstreams: Sequence[Upstream], lot: float) -> tuple[Upstream, ...]:
    """The upstreams in the order in which they are asked: one by its weight, then the others as they stand.

    Args:
        upstreams: At least one of them with a weight, or they are asked as they stand.
        lot: In [0, 1).
    """
    total = sum(upstream.weight for upstream in upstreams)
    if len(upstreams) == 1 or total <= 0:
        return tuple(upstreams)
    left = lot * total
    for upstream in upstreams:
        left -= upstream.weight
        if left < 0:
            return _first(upstreams, upstream)
    return _first(upstreams, max(upstreams, key=lambda one: one.weight))


def by_key(upstreams: Sequence[Upstream], key: str) -> tuple[Upstream, ...]:
    """The same, with the first one chosen by a key: the same for the same key, in the shares of the weights.

    Where an upstream comes, goes, or changes its weight, only the keys move that have to ("weighted rendezvous
    hashing": Schindelhauer and Schomaker, 2005).
    """
    if len(upstreams) == 1 or not any(upstream.weight > 0 for upstream in upstreams):
        return tuple(upstreams)
    return _first(upstreams, max(upstreams, key=lambda one: _score(one, key)))


def _score(upstream: Upstream, key: str) -> float:
    if upstream.weight <= 0:
        return -1.0
    drawn = int.from_bytes(blake3(f"{upstream.name}:{key}".encode()).digest(8), "big")
    return -upstream.weight / math.log((drawn + 0.5) / _POINTS)


def _first(upstreams: Sequence[Upstream], first: Upstream) -> tuple[Upstream, ...]:
    return (first, *(one for one in upstreams if one is not first))
