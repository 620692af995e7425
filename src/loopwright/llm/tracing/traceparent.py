"""`traceparent`, by which a caller says which trace a call is part of. Source: W3C Trace Context, level 2."""

import re

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NONE = ("", "")


def trace_and_parent(header: str) -> tuple[str, str]:
    """The trace's id and the caller's span; two empty texts where the header is missing or none."""
    found = _FORM.fullmatch(header.strip())
    if found is None:
        return _NONE
    version, trace, span, _, rest = found.groups()
    invalid = version == "ff" or (version == "00" and rest) or set(trace) == {"0"} or set(span) == {"0"}
    return _NONE if invalid else (trace, span)
