"""How good guards are: recall, false positives and time, on labelled texts."""

from collections.abc import Sequence
from itertools import groupby
from statistics import median

import msgspec

from loopwright.core.clock import Clock
from loopwright.errors import UsageError
from loopwright.llm.guard import Finding, Guard
from loopwright.llm.guards.building import build
from loopwright.llm.guards.detector import Detector, Shaper
from loopwright.llm.guards.folding import fold
from loopwright.llm.guards.masking import masked
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.guards.trials.labelled import Labelled, LabelledSet
from loopwright.stats.intervals import wilson


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A share of some texts, with its interval at 95 % (Wilson); None where there are no texts."""

    found: int
    of: int
    share: float | None
    low: float | None
    high: float | None


class GuardTrial(msgspec.Struct, frozen=True, kw_only=True):
    """How one guard did.

    Attributes:
        guard: Its kind.
        recall: Share of the bad texts that it found, and found as what they are.
        false_positives: Share of the good texts in which it found anything.
        by_tag: Recall of the bad texts of each group.
        missed: Ids of the bad texts that it did not find.
        wrong: Ids of the good texts in which it found something.
        ms_per_kb: Time a KB of text; the median over texts of at least 20 characters, each put together to 1 KB.
        worst_ms_per_kb: The longest of them.
    """

    guard: str
    recall: Share
    false_positives: Share
    by_tag: dict[str, Share]
    missed: tuple[str, ...]
    wrong: tuple[str, ...]
    ms_per_kb: float | None
    worst_ms_per_kb: float | None


class GuardTrials(msgspec.Struct, frozen=True, kw_only=True):
    """How guards did on a set."""

    set: str
    texts: int
    guards: tuple[GuardTrial, ...]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What guards found in one text.

    Attributes:
        text: With a mask in place of everything that was found.
        findings: What was found, in the text as it was.
    """

    text: str
    findings: tuple[Finding, ...]


def check_text(text: str, kinds: Sequence[str]) -> Checked:
    """Let guards with their default options look at one text, and only look.

    Args:
        text: The text.
        kinds: Kinds of guards.

    Raises:
        UsageError: There is no such kind, or it has no default options.
    """
    findings: list[Finding] = []
    for kind in kinds:
        runner = GuardRunner([Guard(kind=kind, action="monitor", direction="out")])
        findings += runner.whole(text).findings
    redacted = [msgspec.structs.replace(finding, action="redact") for finding in findings]
    return Checked(text=masked(text, redacted), findings=tuple(sorted(findings, key=lambda f: (f.start, f.end))))


def try_guards(labelled: LabelledSet, clock: Clock, *, only: Sequence[str] = ()) -> GuardTrials:
    """Let each guard of a set look at its texts.

    Args:
        labelled: The set.
        clock: Measures time.
        only: Kinds of guards; all that the set has texts for where empty.

    Raises:
        UsageError: The set has no texts for one of `only`, or a guard that it declares is wrong.
    """
    texts = sorted(labelled.texts, key=lambda one: one.guard)
    by_guard = {kind: tuple(group) for kind, group in groupby(texts, key=lambda one: one.guard)}
    if missing := sorted({*only} - {*by_guard}):
        raise UsageError(
            f"{labelled.name} has no texts for a guard of {missing[0]!r}", fix=f"It has: {', '.join(by_guard)}."
        )
    trials = tuple(
        _tried(group, Guard(kind=kind, options=labelled.options.get(kind, {})), clock)
        for kind, group in by_guard.items()
        if not only or kind in only
    )
    return GuardTrials(set=labelled.name, texts=sum(t.recall.of + t.false_positives.of for t in trials), guards=trials)


def _tried(texts: Sequence[Labelled], guard: Guard, clock: Clock) -> GuardTrial:
    made = build(guard)
    found = {one.id: _kinds(made, one.text) for one in texts}
    bad, good = [one for one in texts if one.bad], [one for one in texts if not one.bad]
    hit = {one.id for one in bad if found[one.id] and (not one.kind or one.kind in found[one.id])}
    tags = sorted({tag for one in bad for tag in one.tags})
    times = sorted(_ms_per_kb(made, one.text, clock) for one in texts if len(one.text) >= 20)
    return GuardTrial(
        guard=guard.kind,
        recall=_share(len(hit), len(bad)),
        false_positives=_share(sum(bool(found[one.id]) for one in good), len(good)),
        by_tag={
            tag: _share(sum(one.id in hit for one in bad if tag in one.tags), sum(tag in one.tags for one in bad))
            for tag in tags
        },
        missed=tuple(one.id for one in bad if one.id not in hit),
        wrong=tuple(one.id for one in good if found[one.id]),
        ms_per_kb=median(times) if times else None,
        worst_ms_per_kb=times[-1] if times else None,
    )


def _kinds(made: Detector | Shaper, text: str) -> frozenset[str]:
    if isinstance(made, Shaper):
        problem = made.shape(text).problem
        return frozenset({problem} if problem else ())
    return frozenset(hit.kind for hit in made.find(fold(text).text))


def _ms_per_kb(made: Detector | Shaper, text: str, clock: Clock) -> float:
    kilobyte = "\n".join([text] * (1 + 1024 // len(text.encode())))
    began = clock.monotonic()
    _kinds(made, kilobyte)
    return (clock.monotonic() - began) * 1000.0 * 1024 / len(kilobyte.encode())


def _share(found: int, of: int) -> Share:
    if not of:
        return Share(found=0, of=0, share=None, low=None, high=None)
    interval = wilson(found, of)
    return Share(found=found, of=of, share=interval.value, low=interval.low, high=interval.high)
