"""Texts that give a model orders which are not theirs to give: heuristics, scored.

What they catch and miss is measured by `loopwright guard eval`. An attempt in words of its own passes them.
"""

from collections.abc import Iterator, Sequence

from loopwright.errors import UsageError
from loopwright.llm.guards.detector import Detector, Hit, joined
from loopwright.llm.guards.detectors.disguises import Seen, seen_through
from loopwright.llm.guards.detectors.injection_rules import COMPACT, RULES, Rule
from loopwright.llm.guards.folding import fold

THRESHOLD = 0.8
_DISGUISED = 0.3
"""What a disguise adds: nobody writes in Base64 by accident."""


class PromptInjection(Detector):
    """Finds texts whose signs of an attempt add up.

    Args:
        threshold: Score from which a text is taken for one, above 0 and at most 1.
    """

    whole = True

    def __init__(self, threshold: float = THRESHOLD) -> None:
        if not 0.0 < threshold <= 1.0:
            raise UsageError(
                f"the threshold of a guard of prompt injection is {threshold}", why="it lies between 0 and 1"
            )
        self.threshold = threshold

    def find(self, text: str) -> Sequence[Hit]:
        score, hits = _judge(text)
        return hits if score >= self.threshold else []

    def held_from(self, text: str) -> int:
        del text
        return 0

    def score(self, text: str) -> float:
        """How much a text looks like an attempt, 0 to 1.

        Args:
            text: Folded.
        """
        return _judge(text)[0]


def _judge(text: str) -> tuple[float, list[Hit]]:
    weights: dict[Rule, float] = {}
    hits: list[Hit] = []
    lower = text.lower()
    for rule, start, end in _signs(lower):
        weights[rule] = rule.weight
        hits.append(Hit(rule.name, start, end))
    for seen in seen_through(text):
        for rule, start, end in _hidden(seen):
            weights.setdefault(rule, min(1.0, rule.weight + _DISGUISED))
            hits.append(Hit(rule.name, start, end))
    return min(1.0, sum(weights.values())), joined(hits)


def _signs(lower: str) -> Iterator[tuple[Rule, int, int]]:
    for rule in RULES:
        if any(sign in lower for sign in rule.signs):
            for match in rule.looks.finditer(lower):
                yield rule, match.start(), match.end()


def _hidden(seen: Seen) -> Iterator[tuple[Rule, int, int]]:
    if seen.compact:
        if COMPACT.search(seen.text):
            yield RULES[0], seen.start, seen.end
        return
    for rule, start, end in _signs(seen.text):
        if seen.how == 1:
            yield rule, start, end
        elif seen.how == -1:
            yield rule, seen.end - end, seen.end - start
        else:
            yield rule, seen.start, seen.end


def suspicions(text: str) -> tuple[str, ...]:
    """Which signs of an attempt a text shows, each once, in their order; none where it is not taken for one.

    What the building of an index calls for each chunk, as its `inspect`: documents may be poisoned.
    """
    hits = PromptInjection().find(fold(text).text)
    return tuple(dict.fromkeys(hit.kind for hit in hits))
