"""`loopwright new NAME --data FILE --target COLUMN`: a working loop around somebody's own table.

The table is a stranger's, its header too. The template's `finalize` writes everything as a Python literal unless it is
`_Source`, text that this module made; so no name in the data can become code in the loop file.
"""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from loopwright.app.new import TEMPLATES, NewProject, listing, staged
from loopwright.core.clock import SECOND, Micros
from loopwright.data.contract_text import is_plain, literal
from loopwright.data.dataset import RESERVED_COLUMN
from loopwright.data.guess import CONTRACT_CLASS, Guess, guess
from loopwright.data.instants import micros_of
from loopwright.data.reading import read_file
from loopwright.data.source import SUFFIXES
from loopwright.errors import ContractError, SourceError, UsageError

TEMPLATE = "loop.py.jinja"
HELD_OUT = 0.2
FEW_ROWS = 20_000
_UNITS: tuple[tuple[str, Micros], ...] = (
    ("d", 86_400 * SECOND),
    ("h", 3_600 * SECOND),
    ("m", 60 * SECOND),
    ("s", SECOND),
)


class _Source(str):
    """Text that goes into the loop file as it is."""

    __slots__ = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A column and what to say of it in a comment (source text, empty or starting with spaces)."""

    name: str
    remark: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """How rows are held out: the arguments of `rows.split`, as source, and how many rows they hold out."""

    text: str
    held: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The gate's and the monitor's figures for a task on so many held-out rows."""

    metric: str
    threshold: float
    margin: float
    loss_at_most: float
    because: str


def new_from_data(target_folder: Path, data: Path, target: str, *, key: str | None, time: str | None) -> NewProject:
    """Make a project that learns `target` from a CSV or Parquet file, which is copied into it.

    Args:
        target_folder: The project's folder; it must not exist or be empty.
        data: The file.
        target: The column to predict.
        key: The column that identifies a row, if any.
        time: The column that says when a row happened, if any; one of a telling name and type is recognised.

    Raises:
        UsageError: The folder is not empty, or no target is named.
        DataRefusedError: The file cannot be read, or the target cannot be learned from it. Nothing is written.
    """
    if not target:
        raise UsageError("no target is named", fix="Name the column to predict: --target COLUMN.")
    with staged(target_folder) as folder:
        _check_suffix(data)
        found = guess(data, target, key=key, time=time)
        _check_names(found)
        (folder / "data").mkdir()
        shutil.copyfile(data, folder / "data" / f"{found.dataset}{data.suffix.lower()}")
        split = _split(found, data)
        text = loop_text(found, split, loop=_loop_name(target_folder), suffix=data.suffix.lower())
        (folder / "loop.py").write_text(text, encoding="utf-8")
    notes = _notes(found, split)
    return NewProject(project=str(target_folder), template="from_data", files=listing(target_folder), notes=notes)


def loop_text(found: Guess, split: Split, *, loop: str, suffix: str) -> str:
    """The loop file's source."""
    environment = Environment(  # noqa: S701 - the output is Python; `finalize` writes data as literals
        loader=FileSystemLoader(TEMPLATES / "from_data"),
        undefined=StrictUndefined,
        finalize=_literal,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(**_values(found, split, loop, suffix=suffix))


def _literal(value: object) -> str:
    return value if isinstance(value, _Source) else literal(value)


def _values(found: Guess, split: Split, loop: str, *, suffix: str) -> dict[str, Any]:
    rules = _rules(found, split.held)
    leaks = {leak.column: leak.reason for leak in found.leaks}
    estimator = "HistGradientBoostingRegressor" if found.task == "regression" else "HistGradientBoostingClassifier"
    unknown = f", and {found.unlabelled:,} whose target is not known yet" if found.unlabelled else ""
    return {
        "title": _Source(_title(found)), "estimator": _Source(estimator),
        "needs_polars": any(c.kind == "datetime" and c.role != "left_out" for c in found.columns),
        "contract_class": _Source(CONTRACT_CLASS), "contract": _Source(found.contract.rstrip()),
        "rows_about": _Source(f"# {found.rows:,} rows{unknown}. More files in data/ are more rows."),
        "dataset": found.dataset, "source": f"data/*{suffix}", "key": found.key, "event_time": found.event_time,
        "features": [_named(name, leaks.get(name, "")) for name in found.features],
        "left_out": [Named(name=c.name, remark=_Source(f": {_one_line(c.reason)}")) for c in found.left_out],
        # Threads that wait for one another on so few rows take longer than one thread does.
        "step": _Source("@lw.step(threads=1)" if found.rows < FEW_ROWS else "@lw.step"),
        "min_samples_leaf": max(2, min(20, found.rows // 20)), "learning_rate": 0.1,
        "trees": 100 if found.task != "multiclass" else max(20, 300 // len(found.classes)),
        "target": found.target, "task": found.task, "split": _Source(split.text), "loop": loop,
        "metric": rules.metric, "threshold": rules.threshold, "threshold_about": _Source(f"  # {rules.because}"),
        "margin": rules.margin, "loss_at_most": rules.loss_at_most,
        "min_requests": 200 if found.rows >= 5_000 else 50, "min_labels": 1_000 if found.rows >= 5_000 else 200,
        "new_rows": max(20, found.rows // 5),
    }  # fmt: skip


def _title(found: Guess) -> str:
    """The module's docstring; a target whose name is no plain word stays out of it."""
    about = {
        "binary": "which of two classes",
        "multiclass": f"which of {len(found.classes)} classes",
        "regression": "a number",
    }
    what = f"What is {found.target}?" if is_plain(found.target) else "What is the target?"
    return f'"""{what} A loop that predicts {about[found.task]} from a table."""'


def _named(name: str, leak: str) -> Named:
    why = f"  # CHECK: {_one_line(leak)}; remove it unless it is known before the target" if leak else ""
    return Named(name=name, remark=_Source(why))


def _one_line(text: str) -> str:
    """Text for a comment: whatever could end the line is escaped."""
    return repr(text)[1:-1]


def _check_suffix(data: Path) -> None:
    if data.suffix.lower() not in SUFFIXES:
        raise SourceError(
            f"{data} is neither CSV nor Parquet",
            why=f"known suffixes: {', '.join(SUFFIXES)}",
            fix="Save the table as UTF-8 CSV or as Parquet, then run again.",
        )


def _check_names(found: Guess) -> None:
    if any(column.name == RESERVED_COLUMN for column in found.columns):
        raise ContractError(
            f"the file has a column {RESERVED_COLUMN!r}",
            why="that is the column which reading a version adds",
            fix="Rename the column in the file.",
        )


def _loop_name(folder: Path) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", folder.resolve().name.lower()).strip("-")
    return name or "loop"


def _split(found: Guess, data: Path) -> Split:
    """By time where there is one and both sides can be judged on; else at random."""
    drawn = Split(text=f"fraction={HELD_OUT}", held=round(found.rows * HELD_OUT))
    if found.event_time is None:
        return drawn
    rows = read_file(data).frame.select(at=micros_of_column(found.event_time), label=pl.col(found.target)).drop_nulls()
    return _last_part(rows, classes=len(found.classes)) or drawn


def micros_of_column(name: str) -> pl.Expr:
    """The column as microseconds since the epoch."""
    return pl.col(name).map_batches(micros_of, return_dtype=pl.Int64)


def _last_part(rows: pl.DataFrame, *, classes: int) -> Split | None:
    """The shortest round duration that holds out a fifth of the rows or a little more; None where no part is fit."""
    newest, edge = int(rows["at"].max()), int(rows["at"].quantile(1 - HELD_OUT, "higher"))  # type: ignore[arg-type]
    for unit, length in _UNITS:
        width = max(1, -(-(newest - edge + 1) // length))
        after = rows["at"] > newest - width * length
        held = int(after.sum())
        if held > rows.height * 2 * HELD_OUT:
            continue
        parts = (rows.filter(after)["label"], rows.filter(~after)["label"])
        return (
            None
            if classes and any(part.n_unique() < classes for part in parts)
            else Split(text=f'last="{width}{unit}"', held=held)
        )
    return None


def _rules(found: Guess, held: int) -> Rules:
    """Rules that a model without skill does not pass, and that this many held-out rows can decide."""
    margin = 0.01 if held >= 5_000 else 0.03 if held >= 500 else 0.1
    held = max(held, 1)
    if found.task == "regression":
        return Rules(
            metric="r2", threshold=0.0, margin=margin, loss_at_most=0.1, because="0 is always answering the mean"
        )
    chance = 0.5 if found.task == "binary" else 1 / len(found.classes)
    # Two standard errors of a coin's accuracy on so many rows; that of a ROC AUC at chance is about the same size.
    luck = 2 * (chance * (1 - chance) / held) ** 0.5
    threshold = round(min(chance + max(luck, 0.05 * (1 - chance)), (chance + 1) / 2), 2)
    metric = "roc_auc" if found.task == "binary" else "balanced_accuracy"
    because = f"{chance:.2g} is chance; raise it to what your use needs"
    return Rules(metric=metric, threshold=threshold, margin=margin, loss_at_most=0.05, because=because)


def _notes(found: Guess, split: Split) -> tuple[str, ...]:
    how = "the last rows by time" if split.text.startswith("last") else "rows drawn at random"
    notes = [f"{found.task}: {found.rows:,} rows, {len(found.features)} features; judged on {how}"]
    notes += [f"{column.name!r} is left out: {column.reason}" for column in found.left_out]
    notes += [
        f"{leak.column!r} may leak the target: {leak.reason}; check that it is known before the target"
        for leak in found.leaks
    ]
    notes += found.notes
    if found.key is None:
        notes.append("no key: labels come back by request id; --key COLUMN lets later rows and labels name a row")
    return tuple(notes)
