"""Files of cases are read whole or refused with file and line."""

import json

import pytest

from loopwright.errors import SourceError
from loopwright.evals.case_files import read_cases


def lines(path, *values):
    path.write_text("\n".join(value if isinstance(value, str) else json.dumps(value) for value in values))


def test_cases_of_several_forms_are_read_in_the_order_of_their_files(tmp_path):
    lines(tmp_path / "b.jsonl", {"question": "two?", "expected": "2", "tags": ["sum"]}, "", {"question": "three?"})
    (tmp_path / "a.csv").write_text("question,expected,tags,metadata.level\none?,1,x; y,hard\n")
    (tmp_path / "c.json").write_text(
        json.dumps({"cases": [{"id": "m", "messages": [{"role": "user", "content": "4"}]}]})
    )
    found = read_cases(["*.csv", "*.json*"], tmp_path).cases
    assert [case.question for case in found] == ["one?", "two?", "three?", "4"]
    assert found[0].tags == ("x", "y")
    assert found[0].metadata == {"level": "hard"}
    assert found[3].id == "m"


def test_a_case_without_an_id_is_named_by_its_content_alone(tmp_path):
    lines(tmp_path / "a.jsonl", {"question": "one?"}, {"question": "two?"})
    first = {case.question: case.id for case in read_cases(["a.jsonl"], tmp_path).cases}
    lines(tmp_path / "b.jsonl", {"question": "two?"}, {"question": "one?", "expected": "1"})
    second = {case.question: case.id for case in read_cases(["b.jsonl"], tmp_path).cases}
    assert first["two?"] == second["two?"]
    assert first["one?"] != second["one?"]


def test_the_digest_changes_with_any_content(tmp_path):
    lines(tmp_path / "a.jsonl", {"question": "one?", "expected": "1"})
    before = read_cases(["a.jsonl"], tmp_path).digest
    lines(tmp_path / "a.jsonl", {"question": "one?", "expected": "2"})
    assert read_cases(["a.jsonl"], tmp_path).digest != before


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('{"question": "a"}\n{"question": ', "a.jsonl, line 2 is not JSON"),
        ('{"question": "a"}\n\n[1]', "a.jsonl, line 3 is no object"),
        ('{"question": "a", "expcted": 1}', "'expcted'"),
        ('{"expected": 1}', "line 1 needs either"),
        ('{"question": "a", "messages": []}', "line 1 needs either"),
        ('{"question": "  "}', "no text"),
        ('{"question": 3}', "no text"),
        ('{"messages": []}', "no message"),
        ('{"question": "a", "tags": "x"}', "line 1 is no case"),
        ('{"question": "a", "id": "1"}\n{"question": "b", "id": "1"}', "line 2 has the id '1' of a.jsonl, line 1"),
        ('{"question": "a"}\n{"question": "a"}', "line 2 has the id"),
        ("", "no case"),
    ],
)
def test_what_is_no_case_is_refused_by_its_line(tmp_path, text, named):
    (tmp_path / "a.jsonl").write_text(text)
    with pytest.raises(SourceError, match=r"line|no case|text|message|expcted") as raised:
        read_cases(["*.jsonl"], tmp_path)
    assert named in raised.value.what


def test_a_csv_row_of_another_length_is_refused(tmp_path):
    (tmp_path / "a.csv").write_text("question,expected\none?,1\ntwo?,2,3\n")
    with pytest.raises(SourceError, match=r"a\.csv, line 3"):
        read_cases(["a.csv"], tmp_path)


def test_no_file_and_no_utf8_are_refused(tmp_path):
    with pytest.raises(SourceError, match="no file matches"):
        read_cases(["*.jsonl"], tmp_path)
    (tmp_path / "a.jsonl").write_bytes(b'{"question": "\xff"}')
    with pytest.raises(SourceError, match="not UTF-8"):
        read_cases(["*.jsonl"], tmp_path)
