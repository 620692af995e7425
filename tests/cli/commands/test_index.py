"""`loopwright index`."""

import json
from typing import Any

import pytest

Command = Any
DECLARED = """
from loopwright import llm

docs = llm.Index("docs", source="docs/**/*.md", access={"docs/staff/**": ["staff"]})
"""


@pytest.fixture
def project(bare: Command) -> Command:
    with (bare.folder / "loop.py").open("a") as file:
        file.write(DECLARED)
    for name, text in {
        "a.md": "---\narea: api\n---\n# Keys\n\nMake an API key, revoke it.",
        "b.md": "# Canary\n\nA canary gets a share of the traffic.",
        "staff/c.md": "# Pay\n\nSalaries of the canary.",
        "bad.md": b"\xff",
    }.items():
        path = bare.folder / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return bare


def change(project: Command, text: str) -> None:
    (project.folder / "docs/b.md").write_text(text)


def test_a_build_says_what_it_did_and_what_it_left_out(project: Command) -> None:
    said = project.text("index", "build")
    assert "docs: version 1" in said
    assert "3 added, 0 changed, 0 removed, 0 unchanged; 3 chunks embedded" in said
    assert "left out: docs/bad.md: it is not UTF-8" in said
    (again,) = project.json("index", "build", "docs")
    assert (again["number"], again["embedded"], again["changes"]["unchanged"]) == (1, 0, 3)


def test_a_search_shows_what_the_reader_would_be_given(project: Command) -> None:
    project.text("index", "build")
    assert "docs/b.md (Canary)" in project.text("index", "search", "docs", "canary share")
    found = project.json("index", "search", "docs", "salaries of the canary", "--how", "lexical")
    assert [one["document"] for one in found] == ["docs/b.md"]
    found = project.json("index", "search", "docs", "salaries", "--reader", "staff", "--limit", "1")
    assert [one["document"] for one in found] == ["docs/staff/c.md"]
    found = project.json("index", "search", "docs", "canary", "--where", "area=api")
    assert [one["document"] for one in found] == ["docs/a.md"]
    assert "one of: hybrid" in project.error("index", "search", "docs", "x", "--how", "best")["why"]


def test_versions_are_staged_compared_promoted_rolled_back_and_removed(project: Command) -> None:
    project.text("index", "build")
    change(project, "# Canary\n\nSomething else.")
    project.text("index", "build", "--stage")
    (listed,) = project.json("index", "list")
    assert (listed["champion"], listed["latest"]) == (1, 2)
    assert "~ docs/b.md" in project.text("index", "diff", "docs@1", "docs@2")
    project.text("index", "promote", "docs@2")
    assert "is needed" in project.error("index", "remove", "docs@2")["what"]
    assert "docs@champion" in project.text("index", "rollback", "docs", "--reason", "worse")
    change(project, "# Canary\n\nA third text.")
    project.text("index", "build")
    assert project.text("index", "remove", "docs@2") == "removed docs@2\n"
    (listed,) = project.json("index", "list")
    assert [version["number"] for version in listed["versions"]] == [3, 1]
    assert "champion, latest" in project.text("index", "list")


def test_a_version_is_shown_with_what_it_was_made_with(project: Command) -> None:
    project.text("index", "build")
    said = project.text("index", "show", "docs")
    assert "embedder: kind hashing, dimensions 512" in said
    assert "some documents have access lists" in said
    assert "docs/staff/c.md" in said


def test_labelled_questions_are_measured_and_compared(project: Command) -> None:
    cases = project.folder / "cases.jsonl"
    lines = [
        {"question": "share of the traffic", "relevant": ["docs/b.md"]},
        {"question": "nobody knows", "relevant": ["z.md"]},
    ]
    cases.write_text("\n".join(json.dumps(line) for line in lines))
    project.text("index", "build")
    change(project, "# Canary\n\nNothing.")
    project.text("index", "build")
    said = project.text("index", "eval", "docs", "--cases", str(cases), "--compare", "1", "--rank", "1")
    assert "beside version 1, 2 questions" in said
    assert "nothing relevant found: nobody knows" in said
    found = project.json("index", "eval", "docs@1", "--cases", str(cases))
    assert found["measures"][0]["quality"]["value"] == 0.5
    assert [one["quality"]["measure"] for one in found["measures"]] == [
        "recall@1", "recall@5", "recall@10", "mrr@10", "ndcg@10",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("build", "none"), ("search", "none", "x"), ("show", "docs@9"), ("rollback", "docs"), ("promote", "docs@1"),
        ("eval", "docs", "--cases", "none.jsonl"), ("diff", "docs@1", "docs@9"), ("remove", "docs@9"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_one_error(project: Command, words: tuple[str, ...]) -> None:
    project.text("index", "build")
    project.error("index", *words, code=2 if words[0] == "eval" else 1)
