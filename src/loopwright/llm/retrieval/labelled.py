"""Labelled questions: which documents or chunks answer them, as people said."""

import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from loopwright.core.hashing import Digest, digest_bytes
from loopwright.errors import SourceError

_MOST_BYTES = 64 << 20
_CHUNK = re.compile(r"[0-9a-f]{24}")


class Labelled(msgspec.Struct, frozen=True, kw_only=True):
    """One question.

    Attributes:
        question: As somebody would ask it.
        relevant: Documents by name, or chunks by id, that answer it; a mapping gives each a grade above 0, higher is
            better, a list the grade 1.
        where: Values that the metadata must have.
        reader: The groups of who asks.
    """

    question: str
    relevant: list[str] | dict[str, float]
    where: dict[str, object] = {}
    reader: list[str] = []

    @property
    def grades(self) -> Mapping[str, float]:
        """Grade by document or chunk."""
        return self.relevant if isinstance(self.relevant, dict) else dict.fromkeys(self.relevant, 1.0)

    @property
    def by_chunk(self) -> bool:
        """Whether chunks are named, not documents."""
        return all(_CHUNK.fullmatch(name) for name in self.relevant)


class LabelledSet(msgspec.Struct, frozen=True, kw_only=True):
    """Questions, and the digest of the file that they are from."""

    questions: tuple[Labelled, ...]
    digest: Digest


def read_labelled(path: Path) -> LabelledSet:
    """Read a JSON lines file: `{"question": "…", "relevant": ["docs/a.md"]}`.

    Raises:
        SourceError: It cannot be read, is empty, or a line is not such a question; the line is named.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise SourceError(f"{path} is greater than {_MOST_BYTES >> 20} MB")
        data = path.read_bytes()
        lines = data.decode().split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read as labelled questions", why=str(error)) from error
    questions = tuple(_question(line, path, number) for number, line in enumerate(lines, start=1) if line.strip())
    if not questions:
        raise SourceError(f"{path} has no question", fix='Write lines as {"question": "…", "relevant": ["docs/a.md"]}.')
    return LabelledSet(questions=questions, digest=digest_bytes(data))


def _question(line: str, path: Path, number: int) -> Labelled:
    try:
        found = msgspec.json.decode(line.encode(), type=Labelled)
    except msgspec.MsgspecError as error:
        raise SourceError(f"{path}, line {number}: no labelled question", why=str(error)) from error
    grades = list(found.grades.values())
    if not found.question.strip() or not grades or not all(0.0 < grade < float("inf") for grade in grades):
        raise SourceError(
            f"{path}, line {number}: a question and at least one document or chunk are needed",
            why="grades are above 0; what is not relevant is left out",
        )
    if not found.by_chunk and any(_CHUNK.fullmatch(name) for name in found.relevant):
        raise SourceError(f"{path}, line {number}: documents and chunks are mixed", fix="Name one sort of them.")
    return found
