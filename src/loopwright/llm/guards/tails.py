"""How much of a text's end a detector holds back: the last words, as a hit may be growing in them."""

from collections.abc import Callable


def last_words(text: str, count: int, *, longest: int, goes_on: Callable[[str], object] | None = None) -> int:
    """Where the last words begin.

    Args:
        text: Any.
        count: Words, by white space; the one that the text ends in is one, complete or not.
        longest: Characters at most, so that a text without spaces is not held for ever.
        goes_on: Words before those that belong to them too, as long as each is one of these.
    """
    start = max(0, len(text) - longest)
    tail = text[start:]
    if goes_on is None:
        parts = tail.rsplit(None, count)
        return start + len(parts[0]) if len(parts) > count else start
    words = tail.split()
    kept = min(count, len(words))
    while kept < len(words) and goes_on(words[-kept - 1]):
        kept += 1
    parts = tail.rsplit(None, kept)
    return start + len(parts[0]) if kept and len(parts) > kept else start
