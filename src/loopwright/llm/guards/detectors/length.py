"""How long a text may be."""

from loopwright.errors import UsageError
from loopwright.llm.guards.detector import Shaped, Shaper


class Length(Shaper):
    """Finds texts that are too long or too short.

    Args:
        most: Characters at most; None: any number. A text that is longer is mended by cutting it off.
        least: Characters at least, white space around it not counted. A shorter one cannot be mended.
    """

    def __init__(self, *, most: int | None = None, least: int = 0) -> None:
        if (most is None and least <= 0) or (most is not None and most < max(least, 1)):
            raise UsageError("a guard of length needs `most` or `least`", why=f"most is {most}, least is {least}")
        self._most = most
        self._least = least

    def shape(self, text: str) -> Shaped:
        if self._most is not None and len(text) > self._most:
            return Shaped(text[: self._most], "too_long")
        if len(text.strip()) < self._least:
            return Shaped(text, "too_short", mended=False)
        return Shaped(text)
