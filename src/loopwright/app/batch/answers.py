"""From a part's rows to the table that is written: what was kept, the answer, and the version that gave it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from loopwright.app.batch.screen import Refusal, Screened
from loopwright.core.hashing import Digest
from loopwright.core.schema import Signature
from loopwright.errors import UsageError
from loopwright.serving.outputs import with_label

SOURCE, ROW = "source", "row"
_OWN = ("prediction", "score", "flags", "model_version", SOURCE, ROW, "field", "rule", "expected", "breaches")


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """n rows of one input file: the whole table that was read, and where they stand.

    Attributes:
        rows: (n, …) as read.
        source: The file's name.
        start: The position of the first row in it, from 0.
    """

    rows: pl.DataFrame
    source: str
    start: int


def check_kept(keep: tuple[str, ...], signature: Signature) -> None:
    """Raise UsageError where a kept column would have the name of one of the answer's."""
    taken = {*_OWN, *(_probability(level) for level in signature.classes)} - {SOURCE, ROW}
    clash = [name for name in keep if name in taken]
    if clash:
        raise UsageError(
            f"the column {clash[0]!r} cannot be kept", why="a column of the answer has that name", fix="Rename it."
        )


def answers(
    signature: Signature,
    given: Given,
    screened: Screened,
    *,
    version: Digest,
    outputs: Mapping[str, np.ndarray],
    keep: tuple[str, ...],
    policy: str,
) -> pl.DataFrame:
    """One row for each accepted row: kept columns, `prediction`, `score` or one `probability_…` a class, `flags` under
    the policy `flag`, `model_version`.

    Args:
        signature: The model's contract.
        given: The rows as they came.
        screened: What the door made of them.
        version: The model's digest.
        outputs: `score` (n_accepted,) or `probabilities` (n_accepted, k).
        keep: The kept columns; without one, `source` and `row` (counted from 1) say whose answer it is.
        policy: The door's.
    """
    labelled = with_label(signature, outputs)
    made = _kept(signature, given, screened, keep=keep)
    n = screened.values.height
    if signature.task == "multiclass":
        made["prediction"] = pl.Series(labelled["label"].tolist())
        for index, level in enumerate(signature.classes):
            made[_probability(level)] = pl.Series(labelled["probabilities"][:, index])
    else:
        binary = signature.task == "binary"
        made["prediction"] = pl.Series(_plain(labelled["label"])) if binary else pl.Series(labelled["score"])
        made["score"] = pl.Series(labelled["score"])
    if policy == "flag":
        made["flags"] = _flags(screened, given.rows.height)
    frame = pl.DataFrame(made) if n else pl.DataFrame({name: pl.Series(s, dtype=s.dtype) for name, s in made.items()})
    return frame.with_columns(pl.lit(version, dtype=pl.String).alias("model_version"))


def rejects(given: Given, refusals: tuple[Refusal, ...], keep: tuple[str, ...]) -> pl.DataFrame:
    """One row for each refused row: where it stood, what was kept of it as text, and which field breaks which rule."""
    positions = [refusal.position for refusal in refusals]
    first = [refusal.breaches[0] for refusal in refusals]
    kept = [name for name in keep if name in given.rows.columns]
    text = {name: _text(given.rows[name][positions]) for name in kept}
    told = pl.DataFrame(
        {
            SOURCE: pl.repeat(given.source, len(positions), eager=True, dtype=pl.String),
            ROW: pl.Series([given.start + position + 1 for position in positions], dtype=pl.Int64),
            "field": pl.Series([breach.field for breach in first], dtype=pl.String),
            "rule": pl.Series([breach.rule for breach in first], dtype=pl.String),
            "expected": pl.Series([breach.expected for breach in first], dtype=pl.String),
            "breaches": pl.Series(
                ["; ".join(f"{b.field}:{b.rule}" for b in refusal.breaches) for refusal in refusals], dtype=pl.String
            ),
        }
    )
    return told.with_columns(series.alias(name) for name, series in text.items())


def _kept(signature: Signature, given: Given, screened: Screened, *, keep: tuple[str, ...]) -> dict[str, pl.Series]:
    """The kept columns of accepted rows: as the contract reads them where it does, else as they came."""
    kinds = {column.name: column.kind for column in signature.request}
    made: dict[str, pl.Series] = {}
    if not keep:
        rows = given.rows.height
        numbers = pl.int_range(given.start + 1, given.start + rows + 1, eager=True, dtype=pl.Int64)
        made[SOURCE] = pl.repeat(given.source, screened.values.height, eager=True, dtype=pl.String)
        made[ROW] = _accepted(numbers, screened)
    for name in keep:
        if name in kinds:
            own = screened.values[name]
            made[name] = own.cast(pl.Datetime("us", "UTC")) if kinds[name] == "datetime" else own
        elif name in given.rows.columns:
            made[name] = _accepted(given.rows[name], screened)
        else:
            made[name] = pl.repeat(None, screened.values.height, eager=True, dtype=pl.String)
    return made


def _accepted(series: pl.Series, screened: Screened) -> pl.Series:
    return series if screened.accepted is None else series.filter(screened.accepted)


def _flags(screened: Screened, rows: int) -> pl.Series:
    said: list[str | None] = [None] * rows
    for position, flags in screened.flags.items():
        said[position] = ";".join(flags)
    return _accepted(pl.Series(said, dtype=pl.String), screened)


def _plain(labels: np.ndarray) -> np.ndarray | list[object]:
    return labels if labels.dtype.kind in "bif" else labels.tolist()


def _text(series: pl.Series) -> pl.Series:
    if series.dtype.is_nested() or series.dtype in (pl.Object, pl.Binary):
        return pl.Series([None if value is None else str(value) for value in series.to_list()], dtype=pl.String)
    return series.cast(pl.String)


def _probability(level: object) -> str:
    return f"probability_{level}"
