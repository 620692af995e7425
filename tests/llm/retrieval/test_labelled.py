import json

import pytest

from loopwright.errors import SourceError
from loopwright.llm.retrieval.labelled import read_labelled


def test_a_list_has_grade_one_and_a_mapping_its_own(tmp_path):
    path = tmp_path / "cases.jsonl"
    lines = ['{"question": "a", "relevant": ["x.md"]}', "", '{"question": "b", "relevant": {"x.md": 3, "y.md": 1}}']
    path.write_text("\n".join(lines))
    found = read_labelled(path)
    assert [dict(one.grades) for one in found.questions] == [{"x.md": 1.0}, {"x.md": 3.0, "y.md": 1.0}]


@pytest.mark.parametrize(
    "line",
    [
        "{", "[]", '{"question": "a"}', '{"question": " ", "relevant": ["x"]}', '{"question": "a", "relevant": []}',
        '{"question": "a", "relevant": {"x": 0}}', '{"question": "a", "relevant": {"x": -1}}',
        json.dumps({"question": "a", "relevant": ["x.md", "a" * 24]}),
    ],
)  # fmt: skip
def test_a_line_that_is_no_labelled_question_is_named(tmp_path, line):
    path = tmp_path / "cases.jsonl"
    path.write_text('{"question": "a", "relevant": ["x.md"]}\n' + line)
    with pytest.raises(SourceError, match="line 2"):
        read_labelled(path)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff"])
def test_a_file_without_questions_is_refused(tmp_path, content):
    path = tmp_path / "cases.jsonl"
    path.write_bytes(content)
    with pytest.raises(SourceError):
        read_labelled(path)
    with pytest.raises(SourceError):
        read_labelled(tmp_path / "none.jsonl")
