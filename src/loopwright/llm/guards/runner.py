"""The guards of an application at work: on what comes in, on whole answers, on streams and on calls of tools."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from loopwright.llm.embedder import Embedder
from loopwright.llm.guard import Finding, Guard, Guarded
from loopwright.llm.guards.building import build
from loopwright.llm.guards.detector import Detector, Shaper
from loopwright.llm.guards.detectors.prompt_injection import PromptInjection
from loopwright.llm.guards.folding import fold
from loopwright.llm.guards.looking import Checks, Shaping, Watching, Way, blocked, look
from loopwright.llm.guards.stream import OutgoingText
from loopwright.llm.guards.tool_calls import GuardedCall, OutgoingCall, look_at_call

__all__ = ["GuardRunner", "GuardedCall", "InjectionJudge", "OutgoingText", "logged"]

_SUSPECT = 0.3
"""Score from which a judge is asked about a text that the heuristics let pass."""


class InjectionJudge(Protocol):
    """Asks a model whether a text is an attempt of prompt injection."""

    async def attacks(self, text: str) -> bool | None:
        """Yes, no, or None where it has no verdict: it is dead, or its answer cannot be understood. Never raises."""


class GuardRunner:
    """The guards of one version of an application. Keeps nothing of any text; safe from several threads.

    Args:
        guards: In this order: of several that block, the first is named.
        judge: For guards of prompt injection that ask one; see `consult`.
        embedder: For guards of topics that go by similarity.

    Raises:
        UsageError: A guard is declared wrongly.
        MissingExtraError: A guard needs a library that is not installed.
    """

    def __init__(
        self, guards: Sequence[Guard], *, judge: InjectionJudge | None = None, embedder: Embedder | None = None
    ) -> None:
        self.guards = tuple(guards)
        built = [(guard, build(guard, embedder=embedder)) for guard in self.guards]
        self._judge = judge
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

    def beside(self, texts: Sequence[str], way: Way = "in") -> list[Guarded]:
        """Let the guards look at what stands beside the texts of a request or of an answer, as names, keys and fields
        that nobody knows: detectors alone, as such a text has no length or form of its own. Raises
        GuardBlockedError."""
        checks = self._in if way == "in" else self._out
        return [look(Checks(way, checks.watching), text) for text in texts]

    def calls(self, arguments: Sequence[str], way: Way = "in") -> list[GuardedCall]:
        """Let the detectors look at arguments of calls of tools, JSON text; see `whole_call`. Raises
        GuardBlockedError."""
        return [look_at_call(self._in if way == "in" else self._out, {"arguments": text}) for text in arguments]

    @property
    def asks(self) -> bool:
        """Whether `consult` may have to ask a judge."""
        return self._judge is not None and any(watching.guard.options.get("judge") for watching in self._in.watching)

    async def consult(self, texts: Sequence[str]) -> list[Finding]:
        """Ask the judge about texts that `incoming` let pass and that the heuristics suspect all the same. Each text is
        asked about once, one after the other.

        Returns:
            What it found, whole texts, of guards that do not block.

        Raises:
            GuardBlockedError: It takes one for an attempt, or has no verdict and the guard says `unsure="block"`.
        """
        asked = [
            (guard, detector)
            for guard, detector in self._in.watching
            if self._judge is not None and guard.options.get("judge") and isinstance(detector, PromptInjection)
        ]
        kinds = [
            (guard, text, await self._suspicion(guard, detector, text)) for guard, detector in asked for text in texts
        ]
        findings = [
            Finding(guard=guard.label, kind=kind, start=0, end=len(text), action=guard.action)
            for guard, text, kind in kinds
            if kind
        ]
        for finding in findings:
            if finding.action in ("block", "redact"):
                raise blocked(finding, "in")
        return findings

    async def _suspicion(self, guard: Guard, detector: PromptInjection, text: str) -> str:
        if self._judge is None or not _SUSPECT <= detector.score(fold(text).text) < detector.threshold:
            return ""
        verdict = await self._judge.attacks(text)
        if verdict is None:
            return "no_verdict" if guard.options.get("unsure", "block") == "block" else ""
        return "judged" if verdict else ""

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
