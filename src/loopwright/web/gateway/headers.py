"""What the gateway reads from and writes to headers."""

from collections.abc import Mapping

from loopwright.serving.applications.course import Course

ANTHROPIC_KEY = "x-api-key"


def with_key(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers with a key that came as Anthropic's clients send it in the place where doors look."""
    key = headers.get(ANTHROPIC_KEY)
    if key is None or "authorization" in headers:
        return headers
    return {**headers, "authorization": f"Bearer {key}"}


def headers_of(course: Course) -> list[tuple[bytes, bytes]]:
    """Which request it was, and who answered; a stream's cost is not known yet when its headers go out."""
    label = course.label
    made = [
        (b"x-request-id", course.call.id.encode()),
        (b"loopwright-version", label.version.encode()),
        (b"loopwright-arm", label.arm.encode()),
    ]
    if course.call.ask.operation == "message":
        made.append((b"request-id", course.call.id.encode()))
    if course.upstream is not None:
        made.append((b"loopwright-upstream", course.upstream.name.encode("latin-1", "replace")))
    if course.cache is not None:
        made.append((b"loopwright-cache", course.cache.encode()))
    if course.spend is not None and course.spend.cost_usd is not None:
        made.append((b"loopwright-cost-usd", b"%.9f" % course.spend.cost_usd))
    flagged = [found.rpartition(":")[0] for found in course.findings if found.endswith(":flag")]
    if flagged:
        made.append((b"loopwright-flags", ",".join(dict.fromkeys(flagged)).encode("latin-1", "replace")))
    return made
