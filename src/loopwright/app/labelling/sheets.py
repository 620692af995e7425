"""A batch as a file that people fill in, CSV or Label Studio's JSON, and what they wrote read back."""

import csv
import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import quoteattr

import msgspec

from loopwright.core.schema import Signature
from loopwright.errors import SourceError, UsageError

Form = Literal["csv", "label-studio"]
LABEL = "label"
ID = "request_id"
_RISKY = re.compile(r"[\s\x00-\x1f]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
"""Text that some spreadsheet runs as a formula; they skip blanks, and some read full-width signs as plain ones."""
_LARGEST = 200_000_000


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it is shown to a person: what was asked, what was answered, why it was chosen."""

    request_id: str
    reason: str
    answer: str
    score: float | None
    inputs: dict[str, Any]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What one person said of one request; `by` is who, where the file tells."""

    request_id: str
    value: str
    by: str = ""


def csv_text(rows: Sequence[Shown]) -> str:
    """One line a request, with an empty column `label` to be filled in.

    Text that a spreadsheet would run as a formula begins with an apostrophe.
    """
    names = list(dict.fromkeys(name for row in rows for name in row.inputs))
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([ID, LABEL, "reason", "answer", "score", *map(_safe, names)])
    for row in rows:
        cells = [row.request_id, "", row.reason, row.answer, row.score, *(row.inputs.get(name) for name in names)]
        writer.writerow([_safe(cell) for cell in cells])
    return out.getvalue()


def label_studio_tasks(rows: Sequence[Shown], *, version: str, signature: Signature) -> list[dict[str, Any]]:
    """Tasks as Label Studio imports them, with the model's answer as a prediction."""
    return [
        {
            "data": {ID: row.request_id, "reason": row.reason, "row": row.inputs},
            "predictions": [_prediction(row, version, regression=signature.task == "regression")] if row.answer else [],
        }
        for row in rows
    ]


def _prediction(row: Shown, version: str, *, regression: bool) -> dict[str, Any]:
    kind = "number" if regression else "choices"
    value = {"number": float(row.answer)} if regression else {"choices": [row.answer]}
    result = {"from_name": LABEL, "to_name": "row", "type": kind, "value": value}
    score = {} if row.score is None else {"score": row.score}
    return {"model_version": version[:12], **score, "result": [result]}


def label_studio_config(signature: Signature) -> str:
    """The labelling interface that goes with the tasks, as Label Studio's XML."""
    if signature.task == "regression":
        control = f'  <Number name="{LABEL}" toName="row" required="true"/>\n'
    else:
        choices = "".join(f"    <Choice value={quoteattr(text_of(value))}/>\n" for value in signature.classes)
        control = f'  <Choices name="{LABEL}" toName="row" choice="single" required="true">\n{choices}  </Choices>\n'
    header = f"  <Header value={quoteattr(signature.label)}/>\n"
    return f'<View>\n{header}  <Table name="row" value="$row"/>\n{control}</View>\n'


def read_sheet(path: Path) -> list[Said]:
    """What people wrote into a CSV, or Label Studio's JSON or JSON-MIN export. Rows without a label are left out.

    Raises:
        SourceError: The file is not there, is too large, or is neither.
        UsageError: It has no request ids.
    """
    if not path.is_file():
        raise SourceError(f"there is no file {path}")
    if path.stat().st_size > _LARGEST:
        raise SourceError(f"{path} is larger than {_LARGEST:,} bytes", fix="Import it in parts.")
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _from_json(json.loads(text), path) if text.lstrip()[:1] in ("[", "{") else _from_csv(text, path)
    except (ValueError, csv.Error, RecursionError, AttributeError, KeyError, TypeError) as error:
        raise SourceError(
            f"{path} is no sheet of labels", why=str(error)[:200], fix="Give the CSV, or Label Studio's JSON export."
        ) from error


def text_of(value: object) -> str:
    """A label as people read and write it: `true` and `false` for truths."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _safe(cell: object) -> object:
    if isinstance(cell, str) and _RISKY.match(cell):
        return "'" + cell
    return cell if isinstance(cell, str | int | float) or cell is None else json.dumps(cell, ensure_ascii=False)


def _from_csv(text: str, path: Path) -> list[Said]:
    reader = csv.DictReader(io.StringIO(text))
    if not {ID, LABEL} <= set(reader.fieldnames or ()):
        raise _nameless(path)
    return [
        Said(request_id=row[ID], value=row[LABEL].strip(), by=(row.get("labelled_by") or "").strip())
        for row in reader
        if row[ID] and (row[LABEL] or "").strip()
    ]


def _from_json(tasks: Any, path: Path) -> list[Said]:
    listed = tasks if isinstance(tasks, list) else [tasks]
    if not all(isinstance(task, dict) for task in listed):
        raise _nameless(path)
    said = [one for task in listed for one in _of_task(task, path)]
    return [one for one in said if one.value]


def _of_task(task: Mapping[str, Any], path: Path) -> list[Said]:
    data = task.get("data", task)
    name = data.get(ID) if isinstance(data, dict) else None
    if not isinstance(name, str):
        raise _nameless(path)
    if "annotations" not in task:  # JSON-MIN: one flat record for each annotation
        return [Said(request_id=name, value=_chosen(task.get(LABEL)), by=str(task.get("annotator", "")))]
    kept = [one for one in task["annotations"] if not one.get("was_cancelled")]
    return [
        Said(request_id=name, value=_result(one.get("result", [])), by=_person(one.get("completed_by"))) for one in kept
    ]


def _result(result: Sequence[Mapping[str, Any]]) -> str:
    for part in result:
        if part.get("from_name") == LABEL:
            value = part.get("value", {})
            return _chosen(value.get("choices", value.get("number", value.get("text"))))
    return ""


def _chosen(value: Any) -> str:
    if isinstance(value, list):
        value = value[0] if len(value) == 1 else None
    return "" if value is None else text_of(value).strip()


def _person(who: Any) -> str:
    return str(who.get("email") or who.get("id", "")) if isinstance(who, dict) else "" if who is None else str(who)


def _nameless(path: Path) -> UsageError:
    return UsageError(
        f"{path} does not say which requests its labels are of",
        why=f"it needs {ID!r} and {LABEL!r}, as `loopwright label export` wrote them",
        fix="Keep both columns, or Label Studio's task data, as they were.",
    )
