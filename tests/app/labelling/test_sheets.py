"""Sheets that people fill in."""

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from loopwright.app.labelling.sheets import (
    Said,
    Shown,
    csv_text,
    label_studio_config,
    label_studio_tasks,
    read_sheet,
)
from loopwright.core.schema import Signature
from loopwright.errors import SourceError, UsageError

BINARY = Signature(task="binary", request=(), features=(), classes=(False, True), label="late")
NUMBER = Signature(task="regression", request=(), features=(), label="price")
ROWS = [
    Shown(request_id="r1", reason="uncertain", answer="true", score=0.5, inputs={"x": 1.5, "name": "=cmd()"}),
    Shown(request_id="r2", reason="random", answer="false", score=None, inputs={"x": None}),
]


def test_a_csv_comes_back_as_it_was_filled_in(tmp_path: Path):
    read = list(csv.DictReader(io.StringIO(csv_text(ROWS))))
    assert [row["request_id"] for row in read] == ["r1", "r2"]
    assert read[0]["name"] == "'=cmd()"
    path = tmp_path / "sheet.csv"
    path.write_text("\ufeffrequest_id,label,labelled_by\nr1, true ,ann\nr2,,\n,false,\n", encoding="utf-8")
    assert read_sheet(path) == [Said(request_id="r1", value="true", by="ann")]


def test_label_studio_gets_tasks_with_the_models_answer_and_an_interface_that_fits():
    tasks = label_studio_tasks(ROWS, version="abcdef0123456789", signature=BINARY)
    assert tasks[0]["data"] == {"request_id": "r1", "reason": "uncertain", "row": {"x": 1.5, "name": "=cmd()"}}
    prediction = tasks[0]["predictions"][0]
    view = ElementTree.fromstring(label_studio_config(BINARY))
    choices = view.find("Choices")
    assert choices is not None
    assert (choices.get("name"), choices.get("toName")) == ("label", "row")
    assert prediction["result"][0]["from_name"] == "label"
    assert prediction["result"][0]["value"]["choices"][0] in {choice.get("value") for choice in choices}
    assert ElementTree.fromstring(label_studio_config(NUMBER)).find("Number") is not None


def test_label_studios_export_is_read_with_who_said_what(tmp_path: Path):
    def annotation(value: object, **more: object) -> dict[str, object]:
        return {"result": [{"from_name": "label", "type": "choices", "value": value}], "was_cancelled": False, **more}

    export = [
        {"id": 1, "data": {"request_id": "r1"}, "annotations": [
            annotation({"choices": ["true"]}, completed_by=7),
            annotation({"choices": ["false"]}, completed_by={"id": 8, "email": "b@example.com"}),
            annotation({"choices": ["false"]}, was_cancelled=True),
        ]},
        {"id": 2, "data": {"request_id": "r2"}, "annotations": [annotation({"number": 3.5})]},
        {"id": 3, "data": {"request_id": "r3"}, "annotations": []},
    ]  # fmt: skip
    path = tmp_path / "export.json"
    path.write_text(json.dumps(export), encoding="utf-8")
    assert read_sheet(path) == [
        Said(request_id="r1", value="true", by="7"),
        Said(request_id="r1", value="false", by="b@example.com"),
        Said(request_id="r2", value="3.5", by=""),
    ]
    path.write_text(json.dumps([{"id": 1, "request_id": "r9", "label": "true", "annotator": 2}]), encoding="utf-8")
    assert read_sheet(path) == [Said(request_id="r9", value="true", by="2")]


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "[1, 2]", '[{"data": {"x": 1}, "annotations": []}]'])
def test_a_sheet_that_names_no_requests_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "sheet"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="which requests"):
        read_sheet(path)


def test_what_is_no_sheet_is_refused(tmp_path: Path):
    with pytest.raises(SourceError, match="no file"):
        read_sheet(tmp_path / "none.csv")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "json").write_text("[{", encoding="utf-8")
    for name in ("bytes", "json"):
        with pytest.raises(SourceError, match="no sheet"):
            read_sheet(tmp_path / name)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"a":' * 100_000,
        '[{"data": {"request_id": "a"}, "annotations": 5}]',
        '[{"data": {"request_id": "a"}, "annotations": [1]}]',
        '[{"data": {"request_id": "a"}, "annotations": [{"result": [1]}]}]',
        '[{"data": {"request_id": "a"}, "annotations": [{"result": [{"from_name": "label", "value": 3}]}]}]',
    ],
)
def test_json_of_another_shape_or_nested_without_end_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "labels.json"
    path.write_text(text)
    with pytest.raises(SourceError, match="no sheet of labels"):
        read_sheet(path)


@pytest.mark.parametrize("text", ["=1+1", " =1+1", "\n=1+1", "\t@SUM(1)", "\uff1d1+1"])
def test_neither_a_value_nor_a_column_is_run_as_a_formula(text: str):
    row = Shown(request_id="r", reason="random", answer="", score=None, inputs={text: text})
    header, values = csv.reader(io.StringIO(csv_text([row])))
    assert header[-1] == values[-1] == f"'{text}"
