"""Some guards at work on a text that is there as a whole."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from loopwright.errors import GuardBlockedError
from loopwright.llm.guard import Finding, Guard, Guarded
from loopwright.llm.guards.detector import Detector, Shaper
from loopwright.llm.guards.folding import Folded, fold
from loopwright.llm.guards.masking import masked

Way = Literal["in", "out"]


class Watching(NamedTuple):
    """A guard with its detector."""

    guard: Guard
    detector: Detector


class Shaping(NamedTuple):
    """A guard with its shaper."""

    guard: Guard
    shaper: Shaper


class Checks(NamedTuple):
    """What looks one way: detectors first, all at the text as it came; then shapers, one after the other, at the text
    with its masks."""

    way: Way
    watching: tuple[Watching, ...] = ()
    shaping: tuple[Shaping, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.watching or self.shaping)


def look(checks: Checks, text: str) -> Guarded:
    """Let guards look at a text.

    Raises:
        GuardBlockedError: One of them does not let it pass. The error holds nothing of the text.
    """
    if not checks:
        return Guarded(text=text)
    folded = fold(text) if checks.watching else Folded(text, text, None)
    findings = [finding for watching in checks.watching for finding in found(watching, folded)]
    refuse(findings, checks.way)
    shown = masked(text, findings) if findings else text
    for guard, shaper in checks.shaping:
        shaped = shaper.shape(shown)
        if shaped.problem:
            finding = Finding(guard=guard.label, kind=shaped.problem, start=0, end=len(text), action=guard.action)
            findings.append(finding)
            if guard.action == "block" or (guard.action == "redact" and not shaped.mended):
                raise blocked(finding, checks.way)
            shown = shaped.text if guard.action == "redact" else shown
    return Guarded(text=shown, findings=tuple(findings))


def found(watching: Watching, folded: Folded) -> list[Finding]:
    """What one guard finds, at places of the original."""
    guard, findings = watching.guard, []
    for hit in watching.detector.find(folded.text):
        start, end = folded.span(hit.start, hit.end)
        findings.append(Finding(guard=guard.label, kind=hit.kind, start=start, end=end, action=guard.action))
    return findings


def refuse(findings: Sequence[Finding], way: Way) -> None:
    """Raise GuardBlockedError for the first finding that blocks."""
    for finding in findings:
        if finding.action == "block":
            raise blocked(finding, way)


def blocked(finding: Finding, way: Way) -> GuardBlockedError:
    """The error of a finding: it names the guard and what it found, never the text."""
    what = "what came in" if way == "in" else "the answer"
    return GuardBlockedError(
        f"the guard {finding.guard!r} does not let {what} pass",
        why=f"it found: {finding.kind}",
        guard=finding.guard,
        kind=finding.kind,
        direction=way,
    )
