"""The header `Retry-After`: seconds, or the date from which one may ask again (RFC 9110, 10.2.3)."""

import math
from email.utils import parsedate_to_datetime

from loopwright.core.clock import SECOND, Micros, micros


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
