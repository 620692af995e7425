"""MLflow's scoring protocol: four JSON payloads and CSV in, `{"predictions": [...]}` out.

Source: MLflow 3's documentation of `mlflow models serve`, and how its scoring server reads them: columns that the model
does not know are left out, NaN and empty cells are null, and `params` are ignored by a model that declares none.
"""

import csv
import json
import math
from collections.abc import Callable, Mapping, Sequence
from io import StringIO
from itertools import islice
from typing import Any

import msgspec

from loopwright.core.schema import Kind, Signature
from loopwright.errors import LoopwrightError, RequestRefusedError
from loopwright.serving.call import Answered
from loopwright.serving.protocols.positions import columns_at
from loopwright.serving.protocols.tensor_records import check_count

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv"
_SHAPES = ("dataframe_split", "dataframe_records", "instances", "inputs")
_SPLIT = frozenset({"columns", "data", "index"})
_CONSTANTS = {"NaN": None, "Infinity": math.inf, "-Infinity": -math.inf}
_ENCODE = msgspec.json.Encoder().encode
_NULLS = frozenset({"", "NaN", "nan", "NA", "N/A", "null", "NULL", "None", "<NA>"})
_ERRORS = {
    400: "BAD_REQUEST", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "ENDPOINT_NOT_FOUND",
    409: "RESOURCE_CONFLICT", 413: "BAD_REQUEST", 415: "BAD_REQUEST", 422: "BAD_REQUEST", 429: "REQUEST_LIMIT_EXCEEDED",
    503: "TEMPORARILY_UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip
Records = list[dict[str, Any]]


def parse(body: bytes, content_type: str | None, signature: Signature, *, most: int) -> Records:
    """The records of a body.

    Args:
        body: The body.
        content_type: Its declared type, JSON where it is not declared.
        signature: The model's contract: names the columns where the body does not, and the types of CSV cells.
        most: The most records.

    Raises:
        RequestRefusedError: It is none of the forms.
    """
    media, charset = _media(content_type or JSON_TYPE)
    if charset not in ("utf-8", "utf8"):
        raise RequestRefusedError("the body is not declared as UTF-8", why=f"its charset is {charset[:40]!r}",
                                  fix="Send UTF-8.", http_status=415)  # fmt: skip
    made = _of_csv(body, signature, most) if media == CSV_TYPE else _of_json(_decoded(body), signature, most)
    known = frozenset(column.name for column in signature.request)
    return [_known(record, known) for record in made]


def _known(record: dict[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return record if names.issuperset(record) else {name: record[name] for name in record if name in names}


def answer(answered: Answered) -> bytes:
    """The body of the answer: what each record is predicted to be."""
    return _ENCODE({"predictions": [output["prediction"] for output in answered.outputs]})


def error_body(error: LoopwrightError, status: int) -> bytes:
    """An error in MLflow's form."""
    code = _ERRORS.get(status, "BAD_REQUEST" if status < 500 else "INTERNAL_ERROR")
    text = ": ".join(part for part in (f"{error.code} {error.what}", error.why) if part)
    said = {"error_code": code, "message": f"{text}. {error.fix}"}
    return json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")


def _media(content_type: str) -> tuple[str, str]:
    media, *parameters = (part.strip() for part in content_type.split(";"))
    named = dict(part.partition("=")[::2] for part in parameters)
    return media.lower(), named.get("charset", "utf-8").strip('"').lower()


def _decoded(body: bytes) -> dict[str, Any]:
    """The JSON object of a body. NaN, which is no JSON but what MLflow's client writes, is null."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        value = _loosely_decoded(body)
    if not isinstance(value, dict):
        raise _not_one_shape("it is not an object")
    return value


def _loosely_decoded(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_CONSTANTS.__getitem__)
    except (ValueError, UnicodeDecodeError) as error:
        raise RequestRefusedError("the body is not JSON", why=str(error)[:200]) from error
    except RecursionError as error:
        raise RequestRefusedError("the body is not JSON", why="it is nested too deeply") from error


def _of_json(body: Mapping[str, Any], signature: Signature, most: int) -> Records:
    shapes = [name for name in _SHAPES if name in body]
    if len(shapes) != 1:
        raise _not_one_shape(f"it has {', '.join(map(repr, body))[:200] or 'no field'}")
    if not isinstance(body.get("params", {}), dict | None):
        raise RequestRefusedError("`params` is not an object")
    given = body[shapes[0]]
    if shapes[0] == "dataframe_split":
        return _of_split(given, signature, most)
    if shapes[0] == "dataframe_records":
        return _of_records(given, shapes[0], most)
    if isinstance(given, list) and given and isinstance(given[0], dict):
        return _of_records(given, shapes[0], most)
    if shapes[0] == "inputs" and isinstance(given, dict):
        return _of_columns(given, most)
    return _of_rows(given, _names(given, signature), shape=shapes[0], most=most)


def _not_one_shape(why: str) -> RequestRefusedError:
    return RequestRefusedError(
        "the body is not one of MLflow's forms", why=why,
        fix=f"Send a JSON object with exactly one of {', '.join(_SHAPES)}; or CSV with a header line.",
    )  # fmt: skip


def _names(rows: Any, signature: Signature) -> list[str]:
    """Names of the columns that rows without names have."""
    first = rows[0] if isinstance(rows, list) and rows else None
    found = columns_at(signature, len(first) if isinstance(first, list) else 1)
    return [column.name for column in found or signature.request]


def _of_split(given: Any, signature: Signature, most: int) -> Records:
    if not isinstance(given, dict) or "data" not in given or set(given) - _SPLIT:
        raise RequestRefusedError(
            "dataframe_split is not a split table", why="it has `data`, and may have `columns` and `index`"
        )
    columns = given.get("columns")
    names = _names(given["data"], signature) if columns is None else columns
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(set(names)) != len(names):
        raise RequestRefusedError("the columns of dataframe_split are not distinct names")
    return _of_rows(given["data"], names, shape="dataframe_split", most=most)


def _of_records(given: Any, shape: str, most: int) -> Records:
    if not isinstance(given, list) or not all(isinstance(record, dict) for record in given):
        raise RequestRefusedError(f"{shape} is not a list of objects")
    check_count(len(given), most)
    return given


def _of_columns(given: Mapping[str, Any], most: int) -> Records:
    columns = {name: values if isinstance(values, list) else [values] for name, values in given.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) != 1:
        raise RequestRefusedError("inputs are not columns of one length", why=f"lengths are {sorted(lengths)[:10]}")
    check_count(lengths.pop(), most)
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _of_rows(given: Any, names: Sequence[str], *, shape: str, most: int) -> Records:
    """Rows of values in the order of `names`; values alone, where there is one column."""
    if not isinstance(given, list):
        raise RequestRefusedError(f"{shape} holds no list of rows")
    check_count(len(given), most)
    rows = [row if isinstance(row, list) else [row] for row in given]
    for number, row in enumerate(rows):
        if len(row) != len(names):
            raise RequestRefusedError(
                f"row {number} of {shape} has {len(row)} values", why=f"there are {len(names)} columns", record=number
            )
    return [dict(zip(names, row, strict=True)) for row in rows]


def _of_csv(body: bytes, signature: Signature, most: int) -> Records:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestRefusedError("the CSV is not UTF-8", why=str(error)[:200]) from error
    readers = {column.name: _CELLS[column.kind] for column in signature.request}
    lines = csv.reader(StringIO(text, newline=""), strict=True)
    try:
        names = next(lines, [])
        # One more than is taken tells that there are too many; the rest need not be read.
        rows = [row for row in islice(lines, most + 1) if row]
    except csv.Error as error:
        raise RequestRefusedError("the body is not CSV", why=str(error)[:200]) from error
    if len(set(names)) != len(names):
        raise RequestRefusedError("the columns of the CSV are not distinct names")
    made = _of_rows(rows, names, shape="the CSV", most=most)
    return [{name: readers[name](cell) for name, cell in record.items() if name in readers} for record in made]


def _whole(cell: str) -> int | float | str | None:
    try:
        return int(cell)
    except ValueError:
        return _number(cell)


def _number(cell: str) -> float | str | None:
    try:
        value = float(cell)
    except ValueError:
        return cell
    return None if math.isnan(value) else value


def _truth(cell: str) -> bool | str:
    return {"true": True, "false": False}.get(cell.strip().lower(), cell)


def _text(cell: str) -> str:
    return cell


def _or_null(read: Callable[[str], Any]) -> Callable[[str], Any]:
    return lambda cell: None if cell in _NULLS else read(cell)


_CELLS: dict[Kind, Callable[[str], Any]] = {
    "float": _or_null(_number),
    "int": _or_null(_whole),
    "bool": _or_null(_truth),
    "string": _or_null(_text),
    "category": _or_null(_text),
    "datetime": _or_null(_text),
}
"""How a cell becomes a value; one that does not stays a text, which the model's contract refuses by name."""
