from loopwright.app.indexes.building import IndexBuild
from loopwright.cli.show_index import show_builds, show_passages
from loopwright.llm.retrieval.document import Skipped
from loopwright.llm.retrieval.draft import Changes
from loopwright.llm.retriever import Passage


def test_few_of_many_left_out_files_are_named(capsys):
    skipped = tuple(Skipped(name=f"{number}.bin", why="it is binary") for number in range(14))
    made = IndexBuild(
        name="docs", version="a" * 64, number=3, documents=1000, chunks=5000, changes=Changes(), embedded=0,
        skipped=skipped, note="each search compares 5,000 vectors",
    )  # fmt: skip
    show_builds([made])
    said = capsys.readouterr().out
    assert said.count("it is binary") == 10
    assert "4 more" in said
    assert "note: each search compares" in said


def test_nothing_declared_and_nothing_found_are_said(capsys):
    show_builds([])
    show_passages([])
    assert capsys.readouterr().out == "the loop file declares no index\nnothing was found\n"


def test_a_long_text_is_cut_and_what_is_suspicious_is_said(capsys):
    metadata = {"section": "A > B", "suspicious": ["instructions"]}
    show_passages([Passage(id="1", document="a.md", text="word\n" * 200, score=0.5, metadata=metadata)])
    said = capsys.readouterr().out
    assert "a.md (A > B)" in said
    assert "suspicious: instructions" in said
    assert len(said) < 400
