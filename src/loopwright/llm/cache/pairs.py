"""Pairs of questions of which people said whether one answer serves both: what thresholds are chosen on."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from loopwright.core.codec import from_json
from loopwright.errors import SourceError

SHIPPED = Path(__file__).with_name("pairs.jsonl")
"""Written by hand: English above all, questions of support, work, code and everyday knowledge. Those that differ were
made to look alike: another number, name, order, negation, opposite, or the same things asked about differently."""


class LabelledPair(msgspec.Struct, frozen=True, kw_only=True):
    """Two questions.

    Attributes:
        one: A question.
        other: Another.
        same: Whether one answer serves both.
        kind: What sort of pair it is, as tables show it.
    """

    one: str
    other: str
    same: bool
    kind: str = "pair"


def read_pairs(path: Path = SHIPPED) -> Sequence[LabelledPair]:
    """The pairs of a file with one JSON object a line.

    Raises:
        SourceError: The file is not there, or a line of it is no pair; its number is named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read", why=str(error), fix="Name a file of pairs.") from error
    pairs = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            pairs.append(from_json(line, LabelledPair))
        except msgspec.MsgspecError as error:
            raise SourceError(
                f"line {number} of {path} is no pair", why=str(error),
                fix='A line is {"one": "a question", "other": "another", "same": true}.',
            ) from error  # fmt: skip
    return pairs
