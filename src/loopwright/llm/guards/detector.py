"""The seams of guards: a detector finds places in a text, a shaper judges a text as a whole and may change it."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import NamedTuple


class Hit(NamedTuple):
    """What a detector found: `text[start:end]` of the text it was given."""

    kind: str
    start: int
    end: int


def joined(hits: Iterable[Hit]) -> list[Hit]:
    """Hits in order. Those that overlap are one, of the kind of the first or longest of them, so that nothing that
    any of them covers is left out."""
    apart: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: (hit.start, -hit.end)):
        if apart and hit.start < apart[-1].end:
            apart[-1] = apart[-1]._replace(end=max(apart[-1].end, hit.end))
        else:
            apart.append(hit)
    return apart


class Detector(ABC):
    """Finds places in a text. A value: the same text gives the same hits, from any thread.

    Work is at most in proportion to the text's length, whatever the text.

    Attributes of classes or instances:
        whole: Whether it must see the whole text before any of it can be let go.
    """

    whole: bool = False

    @abstractmethod
    def find(self, text: str) -> Sequence[Hit]:
        """The hits, in the order of their starts; no two overlap.

        Args:
            text: Folded (see `folding`).
        """

    @abstractmethod
    def held_from(self, text: str) -> int:
        """Where a hit may begin that the text's continuation would complete or lengthen.

        Everything before it can be let go: what `find` says of it holds for every text that begins with this one.
        A detector that needs the whole text says 0.
        """


class Shaped(NamedTuple):
    """What a shaper says: the text as it should be, and the kind of what was wrong with it; empty where nothing was.

    `mended` is False where the shaper knows no better text.
    """

    text: str
    problem: str = ""
    mended: bool = True


class Shaper(ABC):
    """Judges a whole text, such as its length or whether it is JSON. A value, as a detector is."""

    @abstractmethod
    def shape(self, text: str) -> Shaped:
        """Judge, and mend where it can be mended."""
