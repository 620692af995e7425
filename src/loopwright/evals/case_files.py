"""Files of cases: JSON lines, JSON or CSV. A wrong line is named; nothing is left out in silence."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from loopwright.core.codec import plain
from loopwright.core.hashing import digest_value
from loopwright.errors import SourceError
from loopwright.evals.case import Case, Cases

_FIELDS = frozenset(Case.__struct_fields__)
_LISTS = ("tags", "relevant")
_ID_LENGTH = 16


class Placed(msgspec.Struct, frozen=True, kw_only=True):
    """One case as a file says it, and where it stands."""

    where: str
    fields: Mapping[str, Any]


def read_cases(patterns: Sequence[str], project: Path) -> Cases:
    """The cases of all files that the patterns match, in the order of their paths.

    A case is an object with `question` (text) or `messages` (a chat's), and any other field of `Case`. One without an
    `id` is named by its content. In a CSV, `tags` and `relevant` hold several values by `;`, and a column `metadata.X`
    or `variables.X` gives the entry X.

    Args:
        patterns: Relative to the project, as `cases/*.jsonl`.
        project: The folder.

    Raises:
        SourceError: No file matches, a line is no case, or two cases have the same id; file and line are named.
    """
    files = sorted({path for pattern in patterns for path in project.glob(pattern) if path.is_file()})
    if not files:
        raise SourceError(
            f"no file matches {' or '.join(patterns)}", why=f"looked for in {project}",
            fix="Write cases as JSON lines, {\"question\": …, \"expected\": …}, into such a file.",
        )  # fmt: skip
    placed = [one for path in files for one in _placed(path, path.relative_to(project).as_posix())]
    cases = _unique([(one.where, _case(one)) for one in placed])
    if not cases:
        raise SourceError(f"there is no case in {', '.join(path.name for path in files)}")
    return Cases(name=", ".join(patterns), cases=cases)


def case_of(fields: Mapping[str, Any], *, where: str = "the case") -> Case:
    """A case from an object as files have it.

    Raises:
        SourceError: It is none; `where` is named.
    """
    return _case(Placed(where=where, fields=fields))


def _placed(path: Path, shown: str) -> Iterator[Placed]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceError(f"{shown} is not UTF-8", why=str(error)) from error
    if path.suffix == ".csv":
        return _csv_rows(text, shown)
    if path.suffix == ".json":
        return _json_items(text, shown)
    return _json_lines(text, shown)


def _json_lines(text: str, shown: str) -> Iterator[Placed]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{shown}, line {number}"
            yield Placed(where=where, fields=_object(_decoded(line, where), where))


def _json_items(text: str, shown: str) -> Iterator[Placed]:
    items = _decoded(text, shown)
    if isinstance(items, Mapping) and isinstance(items.get("cases"), list):
        items = items["cases"]
    if not isinstance(items, list):
        raise SourceError(f"{shown} is no list of cases", fix='Write [{"question": …}, …] or {"cases": […]}.')
    for number, item in enumerate(items, start=1):
        where = f"{shown}, case {number}"
        yield Placed(where=where, fields=_object(item, where))


def _csv_rows(text: str, shown: str) -> Iterator[Placed]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            where = f"{shown}, line {reader.line_num}"
            if None in row or None in row.values():
                raise SourceError(f"{where} has another number of values than the heading")
            yield Placed(where=where, fields=_csv_fields(row))
    except csv.Error as error:
        raise SourceError(f"{shown}, line {reader.line_num} is no CSV", why=str(error)) from error


def _csv_fields(row: Mapping[str, str]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for column, value in row.items():
        group, dot, entry = column.partition(".")
        if dot and group in ("metadata", "variables"):
            fields.setdefault(group, {})[entry] = value
        elif column in _LISTS:
            fields[column] = [part.strip() for part in value.split(";") if part.strip()]
        elif value or column == "question":
            fields[column] = value
    return fields


def _decoded(text: str, where: str) -> Any:
    try:
        return plain(text)
    except ValueError as error:
        raise SourceError(f"{where} is not JSON", why=str(error)) from error


def _object(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise SourceError(f"{where} is no object", fix='Write {"question": …, "expected": …}.')
    return value


def _case(placed: Placed) -> Case:
    fields = dict(placed.fields)
    if odd := sorted({*fields} - _FIELDS - {"question"}):
        raise SourceError(
            f"{placed.where} has the field {odd[0]!r}, which cases do not have",
            fix="Put what your own scorers need into `metadata`, what the prompt needs into `variables`.",
        )
    question = fields.pop("question", None)
    if (question is None) == ("messages" not in fields):
        raise SourceError(f"{placed.where} needs either `question` or `messages`")
    if question is not None:
        if not isinstance(question, str) or not question.strip():
            raise SourceError(f"the question of {placed.where} is no text")
        fields["messages"] = [{"role": "user", "content": question}]
    fields.setdefault("id", digest_value(fields)[:_ID_LENGTH])
    try:
        case = msgspec.convert(fields, Case)
    except msgspec.ValidationError as error:
        raise SourceError(f"{placed.where} is no case", why=str(error)) from error
    if not case.messages:
        raise SourceError(f"{placed.where} has no message")
    return case


def _unique(cases: Sequence[tuple[str, Case]]) -> tuple[Case, ...]:
    first: dict[str, str] = {}
    for where, case in cases:
        if case.id in first:
            raise SourceError(
                f"{where} has the id {case.id!r} of {first[case.id]}", why="answers are compared by it",
                fix="Give each case an id of its own, or leave one of the two out.",
            )  # fmt: skip
        first[case.id] = where
    return tuple(case for _, case in cases)
