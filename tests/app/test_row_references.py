"""A sample of rows goes into the bundle only where a rule needs it."""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

import loopwright as lw
from loopwright.app.row_references import PART, row_reference_of, row_rules, with_row_references
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of, manifest_of
from loopwright.core.schema import Column, Signature
from loopwright.formats.training_set import TrainingSet
from loopwright.formats.value import load_value, put_value
from loopwright.monitoring.detectors.row_window_rank import RowWindowRank
from loopwright.monitoring.detectors.value_distance import ValueDistance
from loopwright.monitoring.row_reference import RowReference
from loopwright.registry.bundle import Manifest

GOLDEN = Path(__file__).parent / "golden" / "row_references-1.zip"
SIGNATURE = Signature(
    task="binary",
    request=(),
    features=(Column(name="x", kind="float"),),
    classes=(False, True),
    label="late",
    key="id",
)


def training_rows(n: int) -> TrainingSet:
    rng = np.random.default_rng(0)
    features = pl.DataFrame({"x": rng.normal(size=n)})
    about = pl.DataFrame({"id": range(n)})
    return TrainingSet(features=features, label=(rng.random(n) < 0.5).astype(int), about=about, signature=SIGNATURE)


def packaged(workspace: Any, rules: list[Any], n: int = 6_000) -> Manifest:
    rows = training_rows(n)
    answers = np.where(np.arange(n) < n // 2, np.nan, 0.5)
    manifest = Manifest(kind="model", parts={}, entry="model", signature=SIGNATURE, example={})
    return with_row_references(
        workspace, manifest, rules, rows=rows, answers=answers, label=rows.label > 0, event_time=None
    )


def test_each_rule_has_its_own_sample_and_the_bundle_is_the_same_again(bare: Any) -> None:
    workspace = bare.workspace()
    rules = [
        lw.watch.rows_drift(method="pca", window="100 rows in 1d"),
        lw.watch.confidence_drift(window="100 rows in 1d"),
        lw.watch.target_drift(window="100 rows in 1d"),
    ]
    manifest = packaged(workspace, rules)
    assert packaged(workspace, rules).parts == manifest.parts
    pca, sure, target = (row_reference_of(workspace, manifest, rule) for rule in rules)
    assert isinstance(pca, RowReference)
    assert isinstance(sure, RowReference)
    assert isinstance(target, RowReference)
    assert (pca.base.columns, sure.base.columns, target.base.columns) == (
        ["x"],
        ["(confidence)", "(entropy)", "(prediction)"],
        ["(label)"],
    )
    assert pca.base.height == 2_000
    assert sure.base.height == 1_000
    assert not sure.base["(confidence)"].is_nan().any()


def test_a_rule_that_cannot_be_served_says_why(bare: Any) -> None:
    workspace = bare.workspace()
    wrong = lw.watch.text_drift("comment")
    manifest = packaged(workspace, [wrong])
    assert "which the training rows do not have" in str(row_reference_of(workspace, manifest, wrong))
    assert "before this rule was declared" in str(row_reference_of(workspace, manifest, lw.watch.confidence_drift()))
    bare_manifest = Manifest(kind="model", parts={}, entry="model", signature=SIGNATURE, example={})
    assert "before this rule" in str(row_reference_of(workspace, bare_manifest, wrong))


def test_only_rules_that_need_rows_get_them() -> None:
    rule = lw.watch.confidence_drift()
    assert row_rules([lw.drift(), rule, lw.watch.concept_drift()]) == [rule]


def test_a_loop_without_such_a_rule_packages_no_rows(replayed: Any) -> None:
    workspace = replayed.workspace()
    assert PART not in manifest_of(workspace, str(champion_of(workspace, "small"))).parts


def test_a_run_of_a_loop_with_such_a_rule_packages_a_sample(bare: Any) -> None:
    rule = "lw.watch.rows_drift(method='mmd', window='50 rows in 1d')"
    bare.change("monitor=[lw.drift()]", f"monitor=[lw.drift(), {rule}]")
    workspace = bare.workspace()
    run_loop(workspace, bare.loaded())
    version = str(champion_of(workspace, "small"))
    manifest = manifest_of(workspace, version)
    reference = row_reference_of(workspace, manifest, bare.loaded().loop.monitor[1])
    assert isinstance(reference, RowReference)
    assert reference.base.columns == ["x", "n"]
    assert reference.figures == {}  # 200 rows make no twenty windows of 50


def test_a_part_of_format_1_is_read_and_judged_by(project: Any, tmp_path: Path) -> None:
    workspace = project.workspace()
    with zipfile.ZipFile(GOLDEN) as packed:
        packed.extractall(tmp_path / "part")
    digest = put_value(workspace.stores.blobs, load_value(tmp_path / "part"))
    manifest = Manifest(kind="model", parts={PART: digest}, entry="model", signature=SIGNATURE, example={})
    found = row_reference_of(workspace, manifest, lw.watch.confidence_drift())
    assert isinstance(found, RowReference)
    assert (found.base.height, found.windows, found.rows, found.timed) == (160, 24, 10, True)
    assert {name: len(one.values) for name, one in found.figures.items()} == {"mean(x)": 24, "distance(x)": 24}
    assert found.figures["distance(x)"].memory == 0.1782
    detector = RowWindowRank(found, ValueDistance())
    like, unlike = found.base[:10], found.base[:10].with_columns(pl.col("x") + 3)
    state = detector.update(detector.start(), like, period=24)
    assert detector.verdict(state).value < detector.verdict(detector.update(state, unlike, period=25)).value
    refused = row_reference_of(workspace, manifest, lw.watch.text_drift("comment"))
    assert refused == "the training set has no column 'comment'"
