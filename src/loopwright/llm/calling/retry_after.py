"""The header `Retry-After`: seconds, or the date from which one may ask again (RFC 9110, 10.2.3).

OpenAI and those who follow it say it more finely too, as `retry-after-ms`, which is believed first.
"""

import math
from collections.abc import Callable
from email.utils import parsedate_to_datetime

from loopwright.core.clock import SECOND, Micros, micros


def asked_wait_s(header: Callable[[str], str | None], now: Micros) -> float | None:
    """What an answer asks to be waited, in seconds; None where it asks nothing.

    Args:
        header: A header of the answer, by its name in lower case.
        now: The time, for dates.
    """
    fine = header("retry-after-ms")
    wait_ms = None if fine is None else retry_after_s(fine, now)
    return retry_after_s(header("retry-after"), now) if wait_ms is None else wait_ms / 1000


def retry_after_s(value: str | None, now: Micros) -> float | None:
    """Seconds to wait; 0 where the date has passed; None where the header is absent or no sense can be made of it."""
    if not value:
        return None
    text = value.strip()
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _until(text: str, now: Micros) -> float | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, (micros(at) - now) / SECOND)
