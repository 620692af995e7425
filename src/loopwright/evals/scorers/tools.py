"""Whether an answer makes the calls of tools that it should."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from loopwright.core.codec import canonical, plain
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score

_Call = tuple[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCalls(PlainScorer):
    """See `tool_calls`."""

    kind: ClassVar[str] = "tool_calls/1"
    name: str
    ordered: bool
    more_allowed: bool
    arguments: bool

    def judged(self, case: Case, answer: Answer) -> Score:
        if not case.tool_calls and not case.tools:
            return self.unjudged("the case offers no tools and expects no call")
        wanted = [self._call(call) for call in case.tool_calls]
        made: list[_Call] = []
        for call in answer.tool_calls:
            try:
                made.append(self._call(call))
            except ValueError:
                return self.verdict(False, value=0.0, reason=f"the arguments of {call.get('name')!r} are not JSON")
        found = _matched(wanted, made, ordered=self.ordered)
        missing, more = len(wanted) - found, len(made) - found
        good = missing == 0 and (more == 0 or self.more_allowed)
        share = found / len(wanted) if wanted else float(good)
        reason = "" if good else f"{missing} expected calls are missing, {more} were not expected"
        return self.verdict(good, value=share, reason=reason)

    def _call(self, call: Mapping[str, Any]) -> _Call:
        given = call.get("arguments") if self.arguments else None
        values = plain(given or "{}") if isinstance(given, str) else given or {}
        return str(call.get("name", "")), canonical(values)


def tool_calls(
    *, ordered: bool = False, more_allowed: bool = False, arguments: bool = True, name: str = "tool_calls"
) -> ToolCalls:
    """The answer calls the tools that the case expects, with these arguments as JSON values; a case that offers tools
    and expects no call is passed by an answer that makes none. Its value is the share of expected calls.

    Args:
        ordered: Whether in this order.
        more_allowed: Whether further calls do no harm.
        arguments: Whether arguments count, or names only.
        name: As reports call it.
    """
    return ToolCalls(name=name, ordered=ordered, more_allowed=more_allowed, arguments=arguments)


def _matched(wanted: list[_Call], made: list[_Call], *, ordered: bool) -> int:
    """How many of the expected calls were made; each call counts once."""
    left = list(made)
    found = 0
    for call in wanted:
        if call not in left:
            continue
        found += 1
        at = left.index(call)
        left = left[at + 1 :] if ordered else left[:at] + left[at + 1 :]
    return found
