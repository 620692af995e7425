"""The rows that calls leave in the request log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from blake3 import blake3

from loopwright.errors import SettingError
from loopwright.llm.tracing.calls import trace_of
from loopwright.llm.tracing.traceparent import trace_and_parent
from loopwright.observations.generation_rows import GenerationRow
from loopwright.observations.request_log import CALLER_LEFT
from loopwright.serving.applications.course import Course

Content = Literal["off", "redacted", "full"]
_CONTEXT = "loopwright 2026 users of applications"
_OF_PEOPLE = frozenset({"user", "metadata", "safety_identifier", "prompt_cache_key", "conversation"})
"""Fields of a body that name people to programs; no guard looks at them, and a row has a digest in their place."""
_OVER_BOUND = "over_bound"
"""The flag of a call whose upstream counted more tokens than the call could take."""
LEFT = CALLER_LEFT
"""The status of a call whose caller went away."""


def content_of(text: str) -> Content:
    """Read the setting `llm_log_content`. Raises SettingError."""
    if text not in get_args(Content):
        raise SettingError(f"llm_log_content is {text!r}", why=f"it is one of {', '.join(get_args(Content))}")
    return text  # type: ignore[return-value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a call ended: the HTTP status that stands for it, the error's code where it failed, when (monotonic)."""

    now: float
    status: int = 200
    error: str | None = None


class RowMaker:
    """Makes rows of courses.

    Args:
        secret: Keys the digests of users, so that nobody without it can try names.
        content: Whether questions and answers are kept: never; as guards masked them, before a prompt is made of them,
            and nothing of what they blocked; or as they are.
    """

    def __init__(self, *, secret: bytes, content: Content = "off") -> None:
        self._key = blake3(secret, derive_key_context=_CONTEXT).digest()
        self.content = content
        self._users: dict[str, str] = {}

    def row(self, course: Course, ended: Ended, *, shadow: bool = False) -> GenerationRow:
        """The row of a call that has ended."""
        call, label, upstream, usage = course.call, course.label, course.upstream, course.usage
        spend, first = course.spend, course.first_token_s
        inputs, output = self._content(course)
        trace, parent = trace_and_parent(call.headers.get("traceparent", ""))
        began, ready = call.started, course.prepared_s
        return GenerationRow(
            request_id=course.charge_id if shadow else call.id, at=call.at, event_time=call.at,
            endpoint=label.endpoint, release=label.release, arm=label.arm or None, version=label.version,
            inputs=inputs, output=output, latency_us=int((ended.now - call.started) * 1e6), status=ended.status,
            error=ended.error, fallback_from=course.fallback_from, shadow_of=call.id if shadow else None,
            operation=call.ask.operation, caller=call.caller, user=self._user(call.user),
            feature=call.feature or None, session=call.session or None,
            upstream=upstream.name if upstream else None, provider=upstream.provider_name if upstream else None,
            model=upstream.model if upstream else None, attempts=course.attempts,
            input_tokens=usage.input_tokens if usage else None, output_tokens=usage.output_tokens if usage else None,
            cached_tokens=usage.cache_read_tokens if usage else None,
            cost_usd=spend.cost_usd if spend else None, price=spend.price or None if spend else None,
            first_token_us=None if first is None else int((first - call.started) * 1e6),
            finish=course.finish, cache=course.cache, stream=call.ask.stream, guards=tuple(course.findings),
            flags=(_OVER_BOUND,) if spend and spend.over_bound else (),
            passages=tuple(passage.id for passage in course.passages),
            prepared_us=None if ready is None else int((ready - began) * 1e6),
            upstream_us=int((ended.now - (ready or began)) * 1e6) if upstream else None,
            trace_id=trace or trace_of(call.id), parent_span_id=parent or None,
        )  # fmt: skip

    def _user(self, user: str) -> str | None:
        if not user:
            return None
        found = self._users.get(user)
        if found is None:
            if len(self._users) >= 10_000:
                self._users.clear()
            found = self._users[user] = "h:" + str(blake3(user.encode(), key=self._key).hexdigest(16))
        return found

    def _content(self, course: Course) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        if self.content == "off":
            return {}, {}
        output = {"text": course.text}
        if self.content == "full":
            return dict(course.call.ask.body), output
        shown = {} if course.shown is None else course.shown.body
        return {name: value for name, value in shown.items() if name not in _OF_PEOPLE}, output
