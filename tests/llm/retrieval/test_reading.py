import json

import pytest

from loopwright.errors import SourceError, UsageError
from loopwright.llm.retrieval import reading
from loopwright.llm.retrieval.index import Index
from loopwright.llm.retrieval.reading import corpus_digest, read_corpus


def corpus(shelf, **more):
    return read_corpus(Index("docs", **{"source": "docs/**/*", **more}), shelf.project)


def test_titles_metadata_and_access_come_from_front_matter_over_globs(shelf):
    shelf.write("docs/a.md", "---\ntitle: Own\narea: mine\naccess: [ops, dev]\n---\n# Head\ntext")
    shelf.write("docs/b.md", "# Head\ntext")
    shelf.write("docs/c.txt", "text")
    found = corpus(
        shelf, metadata={"docs/**": {"area": "all", "year": 1}}, access={"docs/a*": ["staff", "ops"]}
    ).documents  # fmt: skip
    assert [one.title for one in found] == ["Own", "Head", "c"]
    assert [dict(one.metadata) for one in found] == [{"area": "mine", "year": 1}, *[{"area": "all", "year": 1}] * 2]
    assert [one.access for one in found] == [("ops",), None, None]


def test_lists_that_share_no_group_leave_nobody(shelf):
    shelf.write("docs/a.md", "---\naccess: dev\n---\ntext")
    assert corpus(shelf, access={"docs/**": ["staff"]}).documents[0].access == ()


@pytest.mark.parametrize("said", ["access: [1, 2]", "access: true", "access: {a: b}", "access:"])
def test_a_document_whose_access_cannot_be_read_is_left_out(shelf, said):
    shelf.write("docs/a.md", f"---\n{said}\n---\nsecret")
    shelf.write("docs/b.md", "text")
    found = corpus(shelf)
    assert [one.name for one in found.documents] == ["docs/b.md"]
    assert [one.name for one in found.skipped] == ["docs/a.md"]


def test_lines_are_documents_and_a_broken_line_is_left_out_with_its_number(shelf):
    lines = [
        json.dumps({"text": "one", "id": "x", "metadata": {"year": 2024, "deep": {"a": 1}}, "access": ["staff"]}),
        "{broken", json.dumps({"text": 5}), "", json.dumps({"text": "five"}),
        json.dumps({"text": "twice", "id": "x"}), json.dumps({"text": "six", "access": "staff"}),
        '{"text": "deep", "metadata": {"a": ' + "[" * 100_000 + "]" * 100_000 + "}}",
    ]  # fmt: skip
    shelf.write("docs/a.jsonl", "\n".join(lines))
    found = corpus(shelf)
    assert [(one.name, one.access, dict(one.metadata)) for one in found.documents] == [
        ("docs/a.jsonl#5", None, {}), ("docs/a.jsonl#x", ("staff",), {"year": 2024}),
    ]  # fmt: skip
    assert [one.name for one in found.skipped] == [
        "docs/a.jsonl#2",
        "docs/a.jsonl#3",
        "docs/a.jsonl#7",
        "docs/a.jsonl#8",
        "docs/a.jsonl#x",
    ]


def test_a_line_that_is_too_long_is_left_out_and_the_next_is_read(shelf, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    lines = [json.dumps({"text": "one"}), json.dumps({"text": "x" * 350}), json.dumps({"text": "three"})]
    shelf.write("docs/a.jsonl", b"\xef\xbb\xbf" + "\n".join(lines).encode())
    found = corpus(shelf)
    assert [(one.name, one.sections[0].text) for one in found.documents] == [
        ("docs/a.jsonl#1", "one"), ("docs/a.jsonl#3", "three"),
    ]  # fmt: skip
    assert [one.name for one in found.skipped] == ["docs/a.jsonl#2"]


def test_files_that_are_no_text_are_left_out_with_the_reason(shelf, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 1000)
    shelf.write("docs/a.md", "text")
    shelf.write("docs/binary.txt", b"\x00\x01")
    shelf.write("docs/latin.md", "caf\xe9".encode("latin-1"))
    shelf.write("docs/huge.md", "x" * 1001)
    shelf.write("docs/picture.png", b"\x89PNG")
    found = corpus(shelf)
    assert [one.name for one in found.documents] == ["docs/a.md"]
    why = {one.name.removeprefix("docs/"): one.why for one in found.skipped}
    assert "binary" in why["binary.txt"]
    assert "UTF-8" in why["latin.md"]
    assert "1,001 bytes" in why["huge.md"]
    assert "suffix" in why["picture.png"]


def test_an_index_without_a_document_is_refused(shelf):
    shelf.write("docs/latin.md", b"\xe9")
    with pytest.raises(SourceError) as caught:
        corpus(shelf)
    assert "not UTF-8" in caught.value.why
    with pytest.raises(SourceError, match="no document"):
        corpus(shelf, source="nothing/*.md")


def test_what_a_chunk_is_made_of_is_in_the_digest_and_nothing_else(shelf):
    shelf.write("docs/a.md", "---\na: 1\nb: 2\n---\ntext")
    digest = corpus_digest(corpus(shelf))
    shelf.write("docs/a.md", "---\nb: 2\na: 1\n---\ntext")
    assert corpus_digest(corpus(shelf)) == digest
    assert corpus_digest(corpus(shelf, access={"docs/**": ["staff"]})) != digest
    assert corpus_digest(corpus(shelf, metadata={"docs/**": {"c": 1}})) != digest
    shelf.write("docs/a.md", "---\na: 1\nb: 2\n---\ntexts")
    assert corpus_digest(corpus(shelf)) != digest


@pytest.mark.parametrize("source", ["../x/*.md", "/etc/*", "", "a//b"])
def test_a_source_outside_the_project_is_refused(source):
    with pytest.raises(UsageError, match="no path within the project"):
        Index("docs", source=source)
