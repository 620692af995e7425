"""The guards of an application at work: on what comes in, on whole answers, on streams and on calls of tools."""

from collections.abc import Mapping, Sequence

from loopwright.llm.embedder import Embedder
from loopwright.llm.guard import Finding, Guard, Guarded
from loopwright.llm.guards.building import build
from loopwright.llm.guards.detector import Detector, Shaper
from loopwright.llm.guards.looking import Checks, Shaping, Watching, Way, look
from loopwright.llm.guards.stream import OutgoingText
from loopwright.llm.guards.tool_calls import GuardedCall, OutgoingCall, look_at_call

__all__ = ["GuardRunner", "GuardedCall", "OutgoingText", "logged"]


class GuardRunner:
    """The guards of one version of an application. Keeps nothing of any text; safe from several threads.

    Args:
        guards: In this order: of several that block, the first is named.
        embedder: For guards of topics that go by similarity.

    Raises:
        UsageError: A guard is declared wrongly.
        MissingExtraError: A guard needs a library that is not installed.
    """

    def __init__(self, guards: Sequence[Guard], *, embedder: Embedder | None = None) -> None:
        self.guards = tuple(guards)
        built = [(guard, build(guard, embedder=embedder)) for guard in self.guards]
        self._in = _checks("in", built)
        self._out = _checks("out", built)

    @property
    def needs_text(self) -> bool:
        """Whether any guard looks at answers; if not, they may pass as bytes."""
        return bool(self._out)

    @property
    def looks_in(self) -> bool:
        """Whether any guard looks at what comes in."""
        return bool(self._in)

    def incoming(self, texts: Sequence[str]) -> list[Guarded]:
        """Let the guards look at the texts of a request: the same number of texts, in order.

        Raises:
            GuardBlockedError: A guard does not let one of them pass; it names the guard and the kind, never the text.
        """
        return [look(self._in, text) for text in texts]

    def whole(self, text: str) -> Guarded:
        """Let the guards look at an answer that came whole. Raises GuardBlockedError."""
        return look(self._out, text)

    def whole_call(self, call: Mapping[str, str]) -> GuardedCall:
        """Let the detectors look at a call of a tool, `{"name": …, "arguments": …}`. Raises GuardBlockedError."""
        return look_at_call(self._out, call)

    def outgoing(self) -> OutgoingText:
        """A new answer that streams; one for each choice."""
        return OutgoingText(self._out)

    def outgoing_tool(self, _call: int = 0) -> OutgoingText:
        """A new call of a tool that streams: its name, which passes, then its arguments, held until its end."""
        return OutgoingCall(self._out)


def logged(findings: Sequence[Finding], way: Way) -> tuple[str, ...]:
    """Findings as rows hold them, each once: `in:secrets:api_key:block`."""
    return tuple(dict.fromkeys(f"{way}:{f.guard}:{f.kind}:{f.action}" for f in findings))


def _checks(way: Way, built: Sequence[tuple[Guard, Detector | Shaper]]) -> Checks:
    here = [(guard, made) for guard, made in built if guard.direction in (way, "both")]
    return Checks(
        way,
        tuple(Watching(guard, made) for guard, made in here if isinstance(made, Detector)),
        tuple(Shaping(guard, made) for guard, made in here if isinstance(made, Shaper)),
    )
