"""A training set: what a model may learn from, apart from what the rows are about."""

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from blake3 import blake3

from loopwright.core.clock import parse_duration
from loopwright.core.codec import canonical, from_json
from loopwright.core.schema import Signature
from loopwright.errors import DataRefusedError, MissingColumnError, UnsupportedValueError, UsageError
from loopwright.formats.format import Format
from loopwright.formats.numpy_arrays import array_bytes, read_array
from loopwright.formats.parquet import frame_bytes, read_frame

if TYPE_CHECKING:
    import numpy as np
    import polars as pl


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TrainingSet:
    """Rows to learn from or to be judged on, in one order throughout.

    Attributes:
        features: (n_rows, n_features), the signature's features in its order, numeric or boolean only; a category is
            its Int32 code, -1 for a null or unseen level.
        label: (n_rows,) what is predicted.
        about: n_rows raw columns of the base dataset (key, event time, slices); never the label, never seen by a model.
        signature: The contract that a model trained on these rows will have.
        event_time: The column of `about` that time splits go by (Datetime, Date, or integer microseconds UTC).
        weight: (n_rows,) how much each row counts, for a library's `sample_weight`; None where all count alike.

    Raises:
        DataRefusedError: The parts differ in length, a feature is not numeric, or the label is among other columns.
        MissingColumnError: The features are not those of the signature.
    """

    features: "pl.DataFrame"
    label: "np.ndarray[Any, Any]"
    about: "pl.DataFrame"
    signature: Signature
    event_time: str | None = None
    weight: "np.ndarray[Any, Any] | None" = None

    def __post_init__(self) -> None:
        wanted = [column.name for column in self.signature.features]
        if self.features.columns != wanted:
            raise MissingColumnError(
                "the features are not those of the signature",
                why=f"expected {', '.join(wanted)}; found {', '.join(self.features.columns)}",
            )
        wrong = [name for name, dtype in self.features.schema.items() if not _learnable(dtype)]
        if wrong:
            raise DataRefusedError(
                f"the features {', '.join(wrong)} are not numeric",
                fix="Leave the columns out, or declare them as categories.",
            )
        if self.signature.label in (*self.features.columns, *self.about.columns):
            raise DataRefusedError(
                f"the label {self.signature.label!r} is among the features or the columns about the rows",
                fix="Leave the label out of both.",
            )
        lengths = {"features": self.features.height, "label": len(self.label)}
        if self.about.width:
            lengths["about"] = self.about.height
        if self.weight is not None:
            lengths["weight"] = len(self.weight)
        if len(set(lengths.values())) > 1:
            raise DataRefusedError("the parts of a training set differ in length", why=str(lengths))

    def __len__(self) -> int:
        return len(self.label)

    @property
    def categorical(self) -> tuple[str, ...]:
        """The features that are codes of categories."""
        return tuple(column.name for column in self.signature.features if column.kind == "category")

    def split(
        self, *, last: str | None = None, fraction: float | None = None, seed: int = 0
    ) -> "tuple[TrainingSet, TrainingSet]":
        """Two training sets: to learn from, and to be judged on. Exactly one of `last` and `fraction` is given.

        Args:
            last: A duration as `30d`: the second holds the rows after (newest event time - last).
            fraction: The second holds this share of the rows, drawn at random, within each class of a classification.
            seed: Seed of that draw.

        Raises:
            UsageError: Neither or both are given, there is no event time, or one of the two would be empty.
        """
        return split_training_set(self, last=last, fraction=fraction, seed=seed)

    def rows(self, where: "np.ndarray[Any, Any]") -> "TrainingSet":
        """The rows where the boolean mask (n_rows,) is true, in their order."""
        about = self.about.filter(where) if self.about.width else self.about
        weight = None if self.weight is None else self.weight[where]
        return dataclasses.replace(
            self, features=self.features.filter(where), label=self.label[where], about=about, weight=weight
        )


def split_training_set(
    rows: TrainingSet, *, last: str | None = None, fraction: float | None = None, seed: int = 0
) -> tuple[TrainingSet, TrainingSet]:
    """`TrainingSet.split` as a step's function."""
    if (last is None) == (fraction is None):
        raise UsageError(
            "a split needs exactly one of last= and fraction=", fix='Write rows.split(last="30d"), for example.'
        )
    held = _last_rows(rows, last) if last is not None else _drawn_rows(rows, fraction or 0.0, seed)
    if held.all() or not held.any():
        side = "learn from" if held.all() else "be judged on"
        raise UsageError(
            f"the split leaves no rows to {side}",
            why=f"{len(rows)} rows, last={last}, fraction={fraction}",
            fix="Choose another duration or fraction, or add rows.",
        )
    return rows.rows(~held), rows.rows(held)


def _last_rows(rows: TrainingSet, last: str) -> "np.ndarray[Any, Any]":
    import polars as pl

    name = rows.event_time or rows.signature.event_time
    if name is None or name not in rows.about.columns:
        raise UsageError(
            "a split by time needs the rows' event time",
            fix="Give the dataset event_time=, or split by fraction= instead.",
        )
    try:
        width = parse_duration(last)
    except ValueError as error:
        raise UsageError(
            f"last={last!r} is not a duration", why=str(error), fix='Write last="30d", for example.'
        ) from error
    column = rows.about[name]
    at = column if column.dtype.is_integer() else column.cast(pl.Datetime("us")).cast(pl.Int64)
    if at.null_count():
        raise UsageError(
            f"{at.null_count()} rows have no {name}", fix="Leave these rows out, or split by fraction= instead."
        )
    newest = at.max()
    return (at > (newest if isinstance(newest, int) else 0) - width).to_numpy()


def _drawn_rows(rows: TrainingSet, fraction: float, seed: int) -> "np.ndarray[Any, Any]":
    import numpy as np

    if not 0.0 < fraction < 1.0:
        raise UsageError(f"fraction={fraction} is not between 0 and 1", fix="Write fraction=0.2, for example.")
    held = np.zeros(len(rows), dtype=bool)
    if rows.signature.task == "regression":
        groups = np.zeros(len(rows), dtype=np.int64)
    else:
        groups = np.unique(rows.label, return_inverse=True)[1]
    # One order, then quotas by rank within the group: each class keeps its share to within one row.
    shuffled = _drawing_order(rows, seed)
    for group in range(int(groups.max(initial=-1)) + 1):
        members = shuffled[groups[shuffled] == group]
        held[members[: round(fraction * len(members))]] = True
    return held


def _drawing_order(rows: TrainingSet, seed: int) -> "np.ndarray[Any, Any]":
    """(n_rows,) positions, ordered by a hash of each row's key, or of all that is known about it where there is none.

    By that a row stays on its side, but for a few near the edge, when other rows join: a champion must not be judged
    against a candidate on rows that it has learned from. Rows that say the same are on one side, too.
    """
    import numpy as np

    drawn = b"".join(blake3(f"{seed}:{name}".encode()).digest(length=8) for name in _row_names(rows))
    return np.argsort(np.frombuffer(drawn, dtype="<u8"), kind="stable")


def _row_names(rows: TrainingSet) -> list[str]:
    import polars as pl

    key = rows.signature.key
    plain = [name for name, dtype in rows.about.schema.items() if not dtype.is_nested() and dtype != pl.Binary]
    told = [key] if key in rows.about.columns else plain
    if not told:
        return [str(position) for position in range(len(rows))]
    texts = [pl.col(name).cast(pl.String).fill_null("") for name in told]
    return rows.about.select(pl.concat_str(texts, separator="\x1f")).to_series().to_list()


def _learnable(dtype: "pl.DataType") -> bool:
    import polars as pl

    return (dtype.is_numeric() and not dtype.is_decimal()) or dtype == pl.Boolean


class _About(msgspec.Struct, frozen=True, kw_only=True):
    signature: Signature
    event_time: str | None = None


class TrainingSetFormat(Format):
    """`TrainingSet`: two Parquet tables, label and weights (if there are any) as arrays, JSON for the rest."""

    name = "training_set"

    def handles(self, value: object) -> bool:
        return type(value) is TrainingSet

    def encode(self, value: Any) -> dict[str, bytes]:
        if value.label.dtype.hasobject:
            raise UnsupportedValueError(
                "the label of a training set is an array of Python objects",
                fix="Convert it to numbers, booleans or text.",
            )
        weight = {} if value.weight is None else {"weight.npy": array_bytes(value.weight)}
        return weight | {
            "features.parquet": frame_bytes(value.features),
            "about.parquet": frame_bytes(value.about),
            "label.npy": array_bytes(value.label),
            "signature.json": canonical(_About(signature=value.signature, event_time=value.event_time)),
        }

    def decode(self, files: Mapping[str, bytes]) -> Any:
        about = from_json(files["signature.json"], _About)
        return TrainingSet(
            features=read_frame(files["features.parquet"]),
            label=read_array(files["label.npy"]),
            about=read_frame(files["about.parquet"]),
            signature=about.signature,
            event_time=about.event_time,
            weight=read_array(files["weight.npy"]) if "weight.npy" in files else None,
        )
