"""Masks in place of what guards found."""

from collections.abc import Iterator, Sequence

from loopwright.llm.guard import Finding


def masked(text: str, findings: Sequence[Finding], *, start: int = 0) -> str:
    """A text with a mask, as `[email]`, in place of each place that is to be redacted.

    Args:
        text: The text, or a part of it.
        findings: In any order, at places of the whole text; those that overlap get one mask.
        start: Where the part begins.
    """
    pieces, at = [], start
    for kind, first, last in _joined(findings):
        pieces += [text[at - start : first - start], f"[{kind}]"]
        at = last
    return "".join([*pieces, text[at - start :]])


def _joined(findings: Sequence[Finding]) -> Iterator[tuple[str, int, int]]:
    found = sorted((f for f in findings if f.action == "redact"), key=lambda f: (f.start, -f.end))
    kind, first, last = "", -1, -1
    for finding in found:
        if first >= 0 and finding.start < last:
            last = max(last, finding.end)
            continue
        if first >= 0:
            yield kind, first, last
        kind, first, last = finding.kind, finding.start, finding.end
    if first >= 0:
        yield kind, first, last
