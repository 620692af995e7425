"""Whether an answer cites passages that it was given."""

import re
from dataclasses import dataclass
from typing import ClassVar

from loopwright.errors import UsageError
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.plain_scorer import PlainScorer
from loopwright.evals.score import Score

_MARK = r"\[([^\[\]\n]{1,200})\](?!\()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Citations(PlainScorer):
    """See `citations`."""

    kind: ClassVar[str] = "citations/1"
    name: str
    pattern: str
    at_least: int

    def judged(self, case: Case, answer: Answer) -> Score:  # noqa: ARG002 - the seam's form
        if not answer.passages:
            return self.unjudged("the answer was given no passages")
        marks = cited(answer.text, self.pattern)
        known = {str(number) for number in range(1, len(answer.passages) + 1)}
        known |= {passage.id for passage in answer.passages} | {passage.document for passage in answer.passages}
        wrong = [mark for mark in marks if mark not in known]
        share = (len(marks) - len(wrong)) / len(marks) if marks else 0.0
        if wrong:
            return self.verdict(False, value=share, reason=f"it cites {wrong[0]!r}, which it was not given")
        good = len(marks) >= self.at_least
        return self.verdict(good, value=share, reason=f"{len(marks)} citations, all of passages that were given")


def citations(*, pattern: str = _MARK, at_least: int = 1, name: str = "citations") -> Citations:
    """Every citation names a passage that the answer was given, by its number, its id or its document, and there are at
    least so many. Its value is the share of citations that do. Whether the passage says so is for `faithfulness`.

    Args:
        pattern: A regular expression whose first group is the name cited; several names by commas. `[1]`, `[1, 3]` and
            `[guide.md]` where left out; the text of a Markdown link is none.
        at_least: Citations.
        name: As reports call it.

    Raises:
        UsageError: The pattern is no regular expression with a group.
    """
    try:
        if re.compile(pattern).groups < 1:
            raise UsageError(f"{pattern!r} has no group that is the name cited")
    except re.error as error:
        raise UsageError(f"{pattern!r} is no regular expression", why=str(error)) from error
    return Citations(name=name, pattern=pattern, at_least=at_least)


def cited(text: str, pattern: str = _MARK) -> list[str]:
    """The names that a text cites, in order."""
    found = [match.group(1) for match in re.finditer(pattern, text)]
    return [name.strip().lstrip("^") for group in found for name in group.split(",") if name.strip()]
