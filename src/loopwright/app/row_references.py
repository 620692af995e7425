"""The optional part of a bundle that holds samples of rows, and calibration, for rules on whole rows."""

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import polars as pl

from loopwright.app.row_tables import training_table
from loopwright.app.workspace import Workspace
from loopwright.errors import MissingColumnError
from loopwright.formats.training_set import TrainingSet
from loopwright.formats.value import get_value, put_value
from loopwright.monitoring.row_reference import RowReference, build_row_reference
from loopwright.monitoring.row_rules import measure_of
from loopwright.monitoring.rules.confidence_drift import ConfidenceDriftRule
from loopwright.monitoring.rules.row_window import RowWindowRule
from loopwright.monitoring.sample import id_hashes
from loopwright.registry.bundle import Manifest
from loopwright.stats.arrays import Floats

PART = "row_references"


def row_rules(monitor: Sequence[Any]) -> list[RowWindowRule]:
    """The rules of a loop that need a sample of rows."""
    return [rule for rule in monitor if isinstance(rule, RowWindowRule) and rule.needs_rows]


def with_row_references(
    workspace: Workspace,
    manifest: Manifest,
    rules: Sequence[RowWindowRule],
    *,
    rows: TrainingSet,
    answers: Floats,
    label: np.ndarray,
    event_time: np.ndarray | None,
) -> Manifest:
    """The manifest with a sample of rows for each of the rules; see `row_tables.training_table` for the arguments.

    A rule that cannot be served has its reason in place of a sample, and will be *unknown*.
    """
    hashes = id_hashes(_names(rows))
    parts: dict[str, Any] = {}
    for rule in rules:
        kept = np.isfinite(answers).reshape(len(rows), -1).all(axis=1)
        chosen = np.flatnonzero(kept) if isinstance(rule, ConfidenceDriftRule) else np.arange(len(rows))
        source = _Source(rule, rows.rows(_mask(chosen, len(rows))), answers=answers[chosen], label=label[chosen])
        try:
            found = build_row_reference(
                source.take,
                hashes[chosen],
                None if event_time is None else event_time[chosen],
                measure=measure_of(rule),
                rows=rule.rows,
                period_us=rule.window_us,
            )
            parts[rule.name] = found.to_value()
        except MissingColumnError as error:
            parts[rule.name] = {"refused": error.what}
    digest = put_value(workspace.stores.blobs, parts)
    return msgspec.structs.replace(manifest, parts=manifest.parts | {PART: digest})


def row_reference_of(workspace: Workspace, manifest: Manifest, rule: RowWindowRule) -> RowReference | str:
    """What the rule compares with, or why there is nothing."""
    digest = manifest.parts.get(PART)
    held: dict[str, Any] = {} if digest is None else get_value(workspace.stores.blobs, digest)
    if rule.name not in held:
        return "the champion was packaged before this rule was declared: its next version will have a sample of rows"
    if "refused" in held[rule.name]:
        return str(held[rule.name]["refused"])
    return RowReference.from_value(held[rule.name])


class _Source:
    """The rule's table of some training rows."""

    def __init__(self, rule: RowWindowRule, rows: TrainingSet, *, answers: Floats, label: np.ndarray) -> None:
        self._rule, self._rows, self._answers, self._label = rule, rows, answers, label

    def take(self, places: np.ndarray) -> pl.DataFrame:
        rows = self._rows
        about = rows.about[places] if rows.about.width else rows.about
        some = TrainingSet(
            features=rows.features[places],
            label=rows.label[places],
            about=about,
            signature=rows.signature,
            event_time=rows.event_time,
        )
        return training_table(self._rule, some, answers=self._answers[places], label=self._label[places])


def _mask(places: np.ndarray, n: int) -> np.ndarray:
    mask = np.zeros(n, dtype=bool)
    mask[places] = True
    return mask


def _names(rows: TrainingSet) -> list[str]:
    """Each row's key, or its place where rows have none."""
    key = rows.signature.key
    if key is None or key not in rows.about.columns:
        return [str(place) for place in range(len(rows))]
    return [f"{name}" for name in rows.about[key].cast(pl.String).to_list()]
