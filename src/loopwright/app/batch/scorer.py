"""One part's way through a version: read, judged, joined, laid out, scored, and made a table again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from loopwright.app.batch.answers import Given, answers, rejects
from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.files import LINE, FileFormat, decoded_lines
from loopwright.app.batch.joined import JoinedFeatures
from loopwright.app.batch.screen import Screened, screen_records, screen_table
from loopwright.core.schema import Column, Signature
from loopwright.errors import ArmFailedError, LoopwrightError
from loopwright.serving.door import Door, Policy
from loopwright.serving.model import Model
from loopwright.serving.outputs import checked_outputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A part that is ready for the model.

    Attributes:
        index: The part's.
        given: The rows as they came.
        screened: What the door made of them.
        columns: Name → (n_accepted,), as `Door.columns` lays them out; empty where `matrix` is there.
        matrix: (n_accepted, n_features) float64, for a model that takes one.
    """

    index: int
    given: Given
    screened: Screened
    columns: Mapping[str, np.ndarray[Any, Any]]
    matrix: np.ndarray[Any, Any] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredPart:
    """A part that is ready to be written."""

    done: PartDone
    answers: pl.DataFrame
    rejects: pl.DataFrame


class Scorer:
    """Scores parts with one version. `prepare`, `outputs` and `scored` may run in three threads, one call each.

    Args:
        model: The version.
        joined: Its joined features.
        policy: What is done with a row outside the contract.
        keep: Columns that are written beside each answer.
    """

    def __init__(self, model: Model, joined: JoinedFeatures, *, policy: Policy, keep: tuple[str, ...]) -> None:
        self._model = model
        self._joined = joined
        self._policy: Policy = policy
        self._keep = keep
        self._door = Door(model.signature, policy)

    @property
    def signature(self) -> Signature:
        """The version's."""
        return self._model.signature

    def prepare(self, index: int, given: Given, kind: FileFormat) -> Prepared:
        """Judge a part's rows, join their features, lay out what the model takes."""
        if kind == "ndjson":
            records = decoded_lines(given.rows[LINE].to_list())
            screened = screen_records(self._door, records)
            given = Given(rows=_kept_of(records, self._keep), source=given.source, start=given.start)
        else:
            screened = screen_table(self._door, given.rows, text=kind == "csv")
        joined = self._joined.join(screened.values)
        features = self._model.signature.features
        laid = [_laid_out(c, screened.values if c.name in screened.values.columns else joined) for c in features]
        whole = self._model.of_matrix is not None
        return Prepared(
            index=index,
            given=given,
            screened=screened,
            columns={} if whole else {c.name: _column(c, s) for c, s in zip(features, laid, strict=True)},
            matrix=_matrix(laid) if whole else None,
        )

    def outputs(self, part: Prepared) -> dict[str, np.ndarray[Any, Any]]:
        """What the version answers to a part.

        Raises:
            ArmFailedError: Its code raises, or its answer has the wrong shape.
        """
        try:
            return self._asked(part)
        except LoopwrightError:
            raise
        except Exception as error:  # boundary: the version's own code may raise anything
            first = part.given.start + 1
            raise ArmFailedError(
                f"the version fails on rows {first:,} to {first + part.given.rows.height - 1:,} of {part.given.source}",
                why=f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}",
                fix="Correct the rows, or score with a version that takes them; what was scored before is kept.",
            ) from error

    def _asked(self, part: Prepared) -> dict[str, np.ndarray[Any, Any]]:
        rows = part.screened.values.height
        if not rows:
            return self._nothing()
        call = self._model.of_matrix
        if call is None or part.matrix is None:
            return dict(self._model.scores(part.columns))
        raw = np.asarray(call(part.matrix))
        name = "probabilities" if raw.ndim > 1 else "score"
        return checked_outputs(self._model.signature, rows, {name: raw})

    def scored(self, part: Prepared, outputs: Mapping[str, np.ndarray[Any, Any]]) -> ScoredPart:
        """The part as the tables that are written."""
        made = answers(
            self._model.signature,
            part.given,
            part.screened,
            version=self._model.version,
            outputs=outputs,
            keep=self._keep,
            policy=self._policy,
        )
        refused = part.screened.refusals
        return ScoredPart(
            done=PartDone(
                index=part.index,
                scored=part.screened.values.height,
                refused=len(refused),
                flagged=len(part.screened.flags),
            ),
            answers=made,
            rejects=rejects(part.given, refused, self._keep) if refused else pl.DataFrame(),
        )

    def _nothing(self) -> dict[str, np.ndarray[Any, Any]]:
        if self._model.signature.task == "multiclass":
            return {"probabilities": np.empty((0, len(self._model.signature.classes)))}
        return {"score": np.empty(0)}


def _laid_out(column: Column, values: pl.DataFrame) -> pl.Series:
    """(n,) Float64, null as NaN; or Int32 codes, -1 for a null or unseen level."""
    series = values[column.name]
    if column.kind != "category":
        return series.cast(pl.Float64).fill_null(float("nan"))
    levels = list(column.categories or ())
    codes = list(range(len(levels)))
    return series.replace_strict(levels, codes, default=-1, return_dtype=pl.Int32).fill_null(-1)


def _column(column: Column, laid: pl.Series) -> np.ndarray[Any, Any]:
    return laid.to_numpy().astype(np.int32 if column.kind == "category" else np.float64, copy=False)


def _matrix(laid: list[pl.Series]) -> np.ndarray[Any, Any]:
    made = np.empty((len(laid[0]) if laid else 0, len(laid)))
    for index, series in enumerate(laid):
        made[:, index] = series.to_numpy()
    return made


def _kept_of(records: list[Any], keep: tuple[str, ...]) -> pl.DataFrame:
    """The kept fields of JSON records; values that share no type are their text."""
    said = [record if isinstance(record, dict) else {} for record in records]
    columns = {}
    for name in keep:
        values = [record.get(name) for record in said]
        kinds = {type(value) for value in values if value is not None}
        mixed = len(kinds) > 1 and not kinds <= {int, float}
        columns[name] = pl.Series([None if v is None else str(v) for v in values] if mixed else values, strict=False)
    return pl.DataFrame(columns) if keep else pl.DataFrame({LINE: pl.repeat(None, len(records), eager=True)})
