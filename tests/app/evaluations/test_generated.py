"""A model writes cases to documents."""

import asyncio
import json

import pytest
from tests.evals.judges.local_judge import Material, route, saying

from loopwright.app.evaluations.generated import generate_cases, passages_of
from loopwright.app.evaluations.traffic import case_lines
from loopwright.errors import NoVerdictError, SourceError
from loopwright.evals.case_files import read_cases
from loopwright.testing.upstream_server import LocalUpstream

LONG = "A sentence that says something about parcels. " * 6


@pytest.fixture
def documents(project):
    (project / "docs").mkdir()
    for name in ("a", "b", "c"):
        (project / f"docs/{name}.md").write_text(f"# {name}\n\nAbout {name}: {LONG}\n\nshort\n")
    return project


def written(material: Material) -> str:
    name = material.texts["Passage"][2]
    if name == "b":
        return "I would rather not."
    return json.dumps({"question": f"What about {name}?", "answer": f"It is {name}."})


def test_each_passage_gives_a_case_or_its_reason(workspace, documents):
    found = passages_of(["docs/*.md"], documents)
    assert [document for document, _ in found] == ["docs/a.md", "docs/b.md", "docs/c.md"]
    with LocalUpstream(say=saying(written)) as upstream:
        done = asyncio.run(generate_cases(workspace, found, route(upstream.url), size=10))
    assert {case.question: case.expected for case in done.cases} == {
        "What about a?": "It is a.", "What about c?": "It is c.",
    }  # fmt: skip
    assert {case.relevant for case in done.cases} == {("docs/a.md",), ("docs/c.md",)}
    assert sum(done.without.values()) == 1
    (documents / "cases/new.jsonl").write_text("".join(case_lines(done.cases)))
    assert read_cases(["cases/new.jsonl"], documents).cases == done.cases


def test_a_model_that_writes_nothing_usable_is_refused_with_its_reasons(workspace, documents):
    found = passages_of(["docs/*.md"], documents)
    with LocalUpstream(say=saying(lambda _: "no")) as upstream, pytest.raises(NoVerdictError) as raised:
        asyncio.run(generate_cases(workspace, found, route(upstream.url), size=10))
    assert raised.value.why.startswith("3 times: ")


def test_no_passage_is_refused(workspace, documents):
    with pytest.raises(SourceError):
        passages_of(["none/*.md"], documents)
