"""Guards on an answer that streams: what may be sent is let go as soon as no guard can find anything in it any more."""

from loopwright.errors import GuardBlockedError
from loopwright.llm.guard import Finding
from loopwright.llm.guards.folding import fold
from loopwright.llm.guards.looking import Checks, found, look, refuse
from loopwright.llm.guards.masking import masked

_CONTEXT = 128
"""Characters that were sent and are still looked at: words before a number that say what it is."""
_STEP = 12
"""Characters that come between two looks; about three tokens."""
_GROWTH = 8
"""Where much is held, as inside a private key, the next look is when it has grown by this part of it, so that the work
stays in proportion to the length."""


class OutgoingText:
    """One answer on its way out. For one task at a time.

    Nothing of a text that is blocked or masked is ever let go, however it is cut into pieces. The text that is let go,
    put together, is what `whole` would give for the whole answer.
    """

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        keeping = [shaping.guard for shaping in checks.shaping]
        keeping += [watching.guard for watching in checks.watching if watching.detector.whole]
        self._holds_all = any(guard.action in ("block", "redact") for guard in keeping)
        self._now = tuple(watching for watching in checks.watching if not watching.detector.whole)
        late = tuple(watching for watching in checks.watching if watching.detector.whole)
        self._late = Checks(checks.way, late, checks.shaping)
        self._whole: list[str] = []
        self._fresh: list[str] = []
        self._fresh_length = 0
        self._context = self._held = ""
        self._before = 0
        self._findings: list[Finding] = []
        self._error: GuardBlockedError | None = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was found so far, at places of the whole answer as the upstream gave it."""
        return tuple(self._findings)

    @property
    def holds_all(self) -> bool:
        """Whether nothing is let go before `end`, as a guard must see the whole answer."""
        return self._holds_all

    def feed(self, text: str) -> str:
        """Take the next piece, and give what may be sent now.

        Raises:
            GuardBlockedError: A guard does not let the answer pass; what was let go before is all that may be sent.
        """
        self._raise_again()
        if not self._checks:
            return text
        if self._holds_all or self._late:
            self._whole.append(text)
        if self._holds_all or not self._now:
            return "" if self._holds_all else text
        self._fresh.append(text)
        self._fresh_length += len(text)
        if self._fresh_length < max(_STEP, len(self._held) // _GROWTH):
            return ""
        return self._let_go(final=False)

    def end(self) -> str:
        """The rest, after the last piece.

        Raises:
            GuardBlockedError: A guard does not let the answer pass.
        """
        self._raise_again()
        if self._holds_all:
            return self._look(self._checks)
        rest = self._let_go(final=True) if self._now else ""
        if self._late:
            self._look(self._late)
        return rest

    def _look(self, checks: Checks) -> str:
        try:
            guarded = look(checks, "".join(self._whole))
        except GuardBlockedError as error:
            self._error = error
            raise
        self._whole.clear()
        self._findings += guarded.findings
        return guarded.text

    def _let_go(self, *, final: bool) -> str:
        text = "".join([self._context, self._held, *self._fresh])
        self._fresh.clear()
        self._fresh_length = 0
        seen = len(self._context)
        folded = fold(text)
        findings = [f for watching in self._now for f in found(watching, folded) if f.end > seen]
        cut = len(text)
        if not final:
            held = min(folded.at(watching.detector.held_from(folded.text)) for watching in self._now)
            cut = _between(findings, max(seen, held))
        settled = [finding for finding in findings if finding.end <= cut]
        self._findings += [_moved(finding, self._before, at_least=seen) for finding in settled]
        try:
            refuse(settled, self._checks.way)
        except GuardBlockedError as error:
            self._error = error
            raise
        self._context = text[max(0, cut - _CONTEXT) : cut]
        self._held = text[cut:]
        self._before += cut - len(self._context)
        return masked(text[seen:cut], [_moved(f, 0, at_least=seen) for f in settled], start=seen)

    def _raise_again(self) -> None:
        if self._error is not None:
            raise self._error


def _between(findings: list[Finding], cut: int) -> int:
    """The last place up to `cut` that lies in no finding."""
    for finding in sorted(findings, key=lambda finding: -finding.end):
        if finding.start < cut < finding.end:
            cut = finding.start
    return cut


def _moved(finding: Finding, by: int, *, at_least: int) -> Finding:
    return Finding(
        guard=finding.guard, kind=finding.kind, start=max(finding.start, at_least) + by, end=finding.end + by,
        action=finding.action,
    )  # fmt: skip
