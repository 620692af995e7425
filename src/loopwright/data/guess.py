"""A first reading of somebody's table: what its target asks, which columns can answer, and a contract to start from."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import polars as pl

from loopwright.core.schema import Kind, Task
from loopwright.data.contract_text import ContractColumn, contract_text, type_text
from loopwright.data.leakage import Leak, leaks
from loopwright.data.reading import read_file
from loopwright.errors import ContractError, DuplicateKeyError, MissingColumnError, TargetError

Role = Literal["feature", "target", "key", "event_time", "left_out"]
_MAX_CLASSES = 50
_MAX_LEVELS = 254
"""Codes that a histogram tree has room for, less the one for missing."""
_ID_NAME = re.compile(
    r"(^|[^a-z])(id|ids|uuid|guid|key|index|idx|rowid|serial)($|[^a-z])|^unnamed|(?-i:[a-z]Id$)", re.IGNORECASE
)
_TIME_NAME = re.compile(r"time|date|stamp|_at$|_on$|^ts$|created|occurred|observed|scheduled", re.IGNORECASE)
_NO_TIME_NAME = re.compile(r"birth|born|dob|expir|due", re.IGNORECASE)
_MIN_FOR_IDS = 20
CONTRACT_CLASS = "Row"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGuess:
    """What one column is for. `reason` says why it is left out, and is empty for the other roles."""

    name: str
    kind: Kind
    role: Role
    nullable: bool
    levels: int
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """All that a loop file's template needs to know of a table.

    Attributes:
        dataset: A name for the dataset, made from the file's.
        target: The target column, as it stands in the file.
        task: Binary, multiclass or regression.
        classes: The target's values, sorted; empty for regression.
        rows: How many rows have a target, and how many have none (`unlabelled`).
        key: The column that identifies a row, if one was named.
        event_time: The column that says when, named or recognised.
        split: "time" where there is an event time, else "random".
        columns: Every column, in the file's order.
        leaks: Columns that look as if they knew the answer; none is dropped.
        notes: What a person should check.
        contract: Source of a pandera model named `Row`; names in it are literals.
    """

    dataset: str
    target: str
    task: Task
    classes: tuple[str | int | bool, ...]
    rows: int
    unlabelled: int
    key: str | None
    event_time: str | None
    split: Literal["time", "random"]
    columns: tuple[ColumnGuess, ...]
    leaks: tuple[Leak, ...]
    notes: tuple[str, ...]
    contract: str

    @property
    def features(self) -> tuple[str, ...]:
        """The columns to learn from."""
        return tuple(column.name for column in self.columns if column.role == "feature")

    @property
    def left_out(self) -> tuple[ColumnGuess, ...]:
        """The columns that are not learned from, each with its reason."""
        return tuple(column for column in self.columns if column.role == "left_out")


def guess(path: Path, target: str, *, key: str | None = None, time: str | None = None) -> Guess:
    """Read a CSV or Parquet file and guess how to learn `target` from it.

    Args:
        path: The file.
        target: The column to predict.
        key: The column that identifies a row, if any.
        time: The column that says when a row happened; a datetime column of a telling name is recognised where None.

    Raises:
        SourceError: The file cannot be read, or is empty.
        MissingColumnError: The target, the key or the time is not a column.
        TargetError: The target has no value, one value, or too many to be classes; or nothing is left to learn from.
        DuplicateKeyError: The key is not unique.
        ContractError: The key has nulls, or the time is not a time.
    """
    frame = read_file(path, name=path.name).frame
    for column in (target, key, time):
        _there(frame, column)
    if key is not None:
        _check_key(frame, key)
    event_time = _event_time(frame, time, target)
    labelled = frame.filter(frame[target].is_not_null())
    task = _task(labelled[target])
    given: dict[str, Role] = {target: "target"}
    given |= {event_time: "event_time"} if event_time is not None else {}
    given |= {key: "key"} if key is not None else {}
    columns = tuple(_column(series, given.get(series.name)) for series in frame)
    features = [column.name for column in columns if column.role == "feature"]
    if not features:
        raise TargetError(
            f"no column is left to learn {target!r} from",
            why="; ".join(f"{c.name!r}: {c.reason}" for c in columns if c.reason),
            fix="Add columns that tell something.",
        )
    classes = () if task == "regression" else tuple(labelled[target].unique().sort().to_list())
    return Guess(
        dataset=_dataset_name(path),
        target=target,
        task=task,
        classes=classes,
        rows=labelled.height,
        unlabelled=frame.height - labelled.height,
        key=key,
        event_time=event_time,
        split="random" if event_time is None else "time",
        columns=columns,
        leaks=leaks(frame, target, task=task, columns=features),
        notes=_notes(labelled[target], task, event_time if time is None else None),
        contract=contract_text(CONTRACT_CLASS, _contract(frame, columns, task)),
    )


def _there(frame: pl.DataFrame, column: str | None) -> None:
    if column is None or column in frame.columns:
        return
    near = get_close_matches(column, frame.columns, n=1)
    raise MissingColumnError(
        f"there is no column {column!r}",
        why=f"the file has: {', '.join(map(repr, frame.columns[:30]))}",
        fix=f"Did you mean {near[0]!r}?" if near else "",
        columns=[column],
    )


def _check_key(frame: pl.DataFrame, key: str) -> None:
    if type_text(frame.schema[key]) is None:
        raise ContractError(f"the key {key!r} is {frame.schema[key]}", fix="Choose a column of numbers or texts.")
    if frame[key].null_count():
        raise ContractError(f"the key {key!r} is null in {frame[key].null_count()} rows", fix="Choose another key.")
    twice = int(frame[key].is_duplicated().sum())
    if twice:
        raise DuplicateKeyError(f"the key {key!r} is not unique", why=f"{twice} rows share a value with another")


def _event_time(frame: pl.DataFrame, time: str | None, target: str) -> str | None:
    """The time column: the one named, else the only one whose type and name say so and that has no gaps."""
    if time is not None:
        if frame.schema[time].base_type() not in (pl.Date, pl.Datetime):
            raise ContractError(
                f"the column {time!r} is not a time",
                why=f"its values are {frame.schema[time]}",
                fix="Write times as ISO 8601, such as 2013-04-01T12:00:00Z.",
            )
        if frame[time].null_count():
            raise ContractError(f"the time {time!r} is null in {frame[time].null_count()} rows")
        return time
    found = [
        series.name
        for series in frame
        if series.dtype.base_type() in (pl.Date, pl.Datetime)
        and series.null_count() == 0
        and series.name != target
        and _TIME_NAME.search(series.name)
        and not _NO_TIME_NAME.search(series.name)
        and series.n_unique() > 2
    ]
    return found[0] if len(found) == 1 else None


def _task(label: pl.Series) -> Task:
    """What the target asks; see TargetError for what cannot be asked."""
    name = label.name
    if len(label) == 0:
        raise TargetError(f"the target {name!r} has no value in any row")
    if label.dtype.is_float() and not label.is_finite().all():
        raise TargetError(f"the target {name!r} is infinite in {int(label.is_infinite().sum())} rows")
    values = label.n_unique()
    if values == 1:
        raise TargetError(
            f"the target {name!r} has the same value in all {len(label)} rows", why="one class cannot be learned"
        )
    if label.dtype.is_temporal() or type_text(label.dtype) is None:
        raise TargetError(f"the target {name!r} is {label.dtype}", why="a target is a number, a text or true/false")
    whole = not label.dtype.is_numeric() or label.dtype.is_integer() or bool((label.cast(pl.Float64) % 1 == 0).all())
    if values == 2 and whole:
        return "binary"
    if label.dtype.is_numeric():
        few = values <= (20 if label.dtype.is_integer() else 10) and values <= len(label) / 5
        return "multiclass" if whole and few else "regression"
    if values > _MAX_CLASSES or values > len(label) / 2:
        raise TargetError(
            f"the target {name!r} has {values} different texts in {len(label)} rows",
            why=f"that is too many to be classes (at most {_MAX_CLASSES})",
        )
    return "multiclass"


def _column(series: pl.Series, role: Role | None) -> ColumnGuess:
    present = series.drop_nulls()
    levels = present.n_unique()
    reason = "" if role is not None else _why_not(series.name, present, levels, total=len(series))
    if role is None:
        role = "left_out" if reason else "feature"
    return ColumnGuess(
        name=series.name,
        kind=_kind(series.dtype),
        role=role,
        nullable=series.null_count() > 0,
        levels=levels,
        reason=reason,
    )


def _why_not(name: str, present: pl.Series, levels: int, *, total: int) -> str:
    """Why a column should not be learned from, or nothing."""
    if name == "" or levels == 0:
        return "it has no value" if name else "it has no name"
    if levels == 1 and len(present) == total:
        return "it has the same value in every row"
    if present.dtype == pl.String:
        return _why_not_text(present, levels)
    if present.dtype.is_temporal() or type_text(present.dtype) is None:
        return f"its values are {present.dtype}, which is not a feature by itself"
    each_once = present.dtype.is_integer() and levels == total >= _MIN_FOR_IDS
    if each_once and (_ID_NAME.search(name) or _counts_up(present)):
        return "it looks like an id: whole numbers, each once"
    return ""


def _why_not_text(present: pl.Series, levels: int) -> str:
    words = float(present.str.count_matches(r"\S+").mean() or 0.0)  # type: ignore[arg-type]
    unique = levels / len(present)
    if words > 4 and unique > 0.2:
        return f"it looks like text: {words:.0f} words in a value"
    if unique > 0.5 and len(present) >= _MIN_FOR_IDS:
        return f"it looks like an id: {levels} different values in {len(present)} rows"
    return f"it has {levels} levels, more than {_MAX_LEVELS}" if levels > _MAX_LEVELS else ""


def _counts_up(present: pl.Series) -> bool:
    return bool((present.cast(pl.Int64).diff().drop_nulls() == 1).all())


def _kind(dtype: pl.DataType) -> Kind:
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int"
    if dtype.is_numeric():
        return "float"
    return "datetime" if dtype.is_temporal() else "category" if dtype == pl.String else "string"


def _contract(frame: pl.DataFrame, columns: Sequence[ColumnGuess], task: Task) -> list[ContractColumn]:
    """The columns that the loop uses. The target may be null: it is often known only later."""
    made = []
    for column in columns:
        if column.role == "left_out":
            continue
        series = frame[column.name]
        closed = column.role == "target" and task != "regression" and series.dtype == pl.String
        levels = tuple(series.drop_nulls().unique().sort().to_list()) if closed else ()
        made.append(
            ContractColumn(
                name=column.name,
                dtype=series.dtype,
                nullable=column.nullable or column.role == "target",
                unique=column.role == "key",
                levels=levels,
            )
        )
    return made


def _notes(label: pl.Series, task: Task, recognised: str | None) -> tuple[str, ...]:
    notes = []
    if recognised is not None:
        notes.append(f"{recognised!r} was taken for the event time; name another with --time")
    if task == "multiclass" and label.dtype.is_numeric():
        notes.append(f"{label.n_unique()} whole numbers were taken for classes; their order is not used")
    if task != "regression":
        rarest = label.value_counts().sort("count").row(0, named=True)
        if rarest["count"] < 10:
            notes.append(f"the rarest class has only {rarest['count']} rows")
    return tuple(notes)


def _dataset_name(path: Path) -> str:
    name = re.sub(r"[^A-Za-z0-9]+", "-", path.stem).strip("-").lower()
    return name or "data"
