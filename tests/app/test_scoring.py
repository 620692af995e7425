from typing import Any

import numpy as np
import polars as pl
import pytest

from loopwright.app import scoring_child
from loopwright.app.packaging import days_of, example_of, labels_of, metrics_of
from loopwright.app.run import run_loop
from loopwright.app.scoring import aligned_columns
from loopwright.app.versions import manifest_of
from loopwright.core.schema import Column, Signature
from loopwright.errors import GateFailedError, LoopwrightError, NoVerdictError
from loopwright.formats.training_set import TrainingSet

Project = Any
OWN = """
def predict(model: DecisionTreeClassifier, columns: lw.Columns) -> lw.Columns:
    BODY
    return lw.predict(model, columns)


@lw.pipeline
def fit("""


def training_set(**columns: list[Any]) -> TrainingSet:

    features = [
        Column(name=name, kind="category", categories=("a", "b"), nullable=True)
        if name == "colour"
        else Column(name=name, kind="float", nullable=True)
        for name in columns
    ]
    request = (Column(name="id", kind="int"), *features)
    about = pl.DataFrame({"id": range(len(next(iter(columns.values())))), **columns})
    return TrainingSet(
        features=pl.DataFrame(columns),
        label=np.arange(about.height) % 2,
        about=about,
        signature=Signature(
            task="binary", request=request, features=tuple(features), classes=("no", "yes"), label="y", key="id"
        ),
    )


def with_own_code(project: Project, body: str) -> None:
    project.change("\n@lw.pipeline\ndef fit(", OWN.replace("BODY", body))
    project.change("holdout)\n", "holdout, predict=predict)\n")


def test_a_candidate_with_code_of_its_own_is_asked_in_a_process_of_its_own(project: Project) -> None:
    workspace = project.workspace()
    with_own_code(project, "columns = dict(columns)")
    judged = run_loop(workspace, project.loaded()).judged
    assert judged is not None
    assert ":" in manifest_of(workspace, judged.version).entry
    assert judged.metrics["roc_auc"] is not None


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise LookupError('no price')", "no price"),
        ("__import__('os')._exit(9)", "exit code 9"),
        ("return {}", "failed"),
    ],
)
def test_code_of_its_own_that_fails_is_no_verdict_and_the_reason_is_said(
    project: Project, body: str, said: str
) -> None:
    with_own_code(project, body)
    with pytest.raises((NoVerdictError, GateFailedError)) as caught:
        run_loop(project.workspace(), project.loaded())
    assert said in caught.value.why


def test_code_of_its_own_that_hangs_has_a_deadline(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring_child, "TIMEOUT_S", 3.0)
    with_own_code(project, "import time; time.sleep(600)")
    with pytest.raises(LoopwrightError) as caught:
        run_loop(project.workspace(), project.loaded())
    assert "no answer within 3 s" in caught.value.why


def test_codes_of_another_training_set_become_the_model_s_own() -> None:
    rows = training_set(colour=[0, 1, -1], x=[1.0, 2.0, 3.0])
    theirs = rows.signature
    ours = Signature(
        task="binary",
        request=theirs.request,
        features=(Column(name="colour", kind="category", categories=("b", "c", "a"), nullable=True),),
        classes=theirs.classes,
        label="y",
    )
    columns = aligned_columns(ours, rows)
    assert isinstance(columns, dict)
    assert columns["colour"].tolist() == [2, 0, -1]


def test_a_feature_that_the_rows_lack_is_named() -> None:
    rows = training_set(x=[1.0, 2.0])
    assert aligned_columns(training_set(z=[1.0]).signature, rows) == "the rows have no feature 'z'"


def test_labels_are_values_and_undefined_metrics_are_none() -> None:
    rows = training_set(x=[1.0, 2.0, 3.0, 4.0])
    assert labels_of(rows).tolist() == ["no", "yes", "no", "yes"]
    assert metrics_of(rows, np.array([0.1, 0.9, 0.2, 0.8]))["roc_auc"] == 1.0
    assert metrics_of(rows, np.full(4, np.nan))["roc_auc"] is None
    assert days_of(rows) is None


def test_the_example_can_be_said_in_json() -> None:
    rows = training_set(x=[float("nan"), float("inf"), 3.0])
    assert example_of(rows) == {"id": 2, "x": 3.0}


def test_a_rule_of_behaviour_asks_the_packaged_candidate(bare: Project) -> None:
    rule = 'lw.at_least("roc_auc", 0.6), lw.monotonic("x", "DIRECTION", step=0.5, within=0.2)'
    bare.change('lw.at_least("roc_auc", 0.6)', rule.replace("DIRECTION", "decreasing"))
    workspace = bare.workspace()
    with pytest.raises(GateFailedError) as caught:
        run_loop(workspace, bare.loaded())
    assert "monotonic" in caught.value.why or "decreasing" in caught.value.why
    bare.change("decreasing", "increasing")
    judged = run_loop(workspace, bare.loaded()).judged
    assert judged is not None
    assert [str(verdict.outcome) for verdict in judged.verdicts] == ["pass", "pass"]


def test_a_rule_of_behaviour_has_no_verdict_on_code_of_its_own(project: Project) -> None:
    project.change('lw.at_least("roc_auc", 0.6)', 'lw.monotonic("x", "increasing", step=0.5, within=0.2)')
    with_own_code(project, "columns = dict(columns)")
    with pytest.raises(NoVerdictError):
        run_loop(project.workspace(), project.loaded())


def test_the_champion_answers_rows_whose_categories_have_other_codes(bare: Project) -> None:
    def data(colours: dict[str, str]) -> None:
        frame = pl.read_csv(bare.folder / "data" / "first.csv")
        said = pl.when(pl.col("y")).then(pl.lit(colours["true"])).otherwise(pl.lit(colours["false"]))
        bare.data(frame.with_columns(colour=said, n=pl.int_range(pl.len()) % 9), "first.csv")

    bare.change('features=["x", "n"]', 'features=["x", "colour"]')
    bare.change(
        'lw.at_least("roc_auc", 0.6)', 'lw.at_least("roc_auc", 0.9), lw.not_worse_than_champion("roc_auc", margin=0.1)'
    )
    data({"true": "m", "false": "b"})
    workspace = bare.workspace()
    run_loop(workspace, bare.loaded())
    frame = pl.read_csv(bare.folder / "data" / "first.csv").with_columns(id=pl.col("id") + 5000)
    bare.data(frame.with_columns(colour=pl.lit("a"), y=pl.lit(value=False)).head(3))
    judged = run_loop(workspace, bare.loaded(), parameters={"depth": 3}).judged
    assert judged is not None
    against = next(verdict for verdict in judged.verdicts if "champion" in verdict.check)
    assert str(against.outcome) == "pass"
    assert against.value == pytest.approx(0.0, abs=0.05), "b and m are codes 0 and 1 for one, 1 and 2 for the other"
